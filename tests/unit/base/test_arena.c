#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { CHUNK_BYTES = 256, PIECES = 100 };

static void pieces_do_not_overlap_and_are_aligned(void **state)
{
    struct arena a;
    unsigned char *pieces[PIECES];
    (void)state;

    arena_init(&a, CHUNK_BYTES);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_take(&a, i);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t b = 0; b < i; b++)
            assert_int_equal(pieces[i][b], i);
    arena_release(&a);
}

static void memory_of_ordinary_size_is_used_again(void **state)
{
    struct arena a;
    void *first;
    (void)state;

    arena_init(&a, CHUNK_BYTES);
    first = arena_take(&a, 1);
    arena_take(&a, CHUNK_BYTES * 10);
    arena_reset(&a);
    assert_ptr_equal(arena_take(&a, CHUNK_BYTES), first);
    arena_reset(&a);
    assert_ptr_equal(arena_take(&a, 1), first);
    arena_release(&a);
}

static void an_arena_that_was_never_used_can_be_reset_and_released(void **state)
{
    struct arena a = { 0 };
    (void)state;

    arena_release(&a);
    arena_init(&a, CHUNK_BYTES);
    arena_reset(&a);
    /* The first piece is larger than a chunk: nothing of it is kept. */
    arena_take(&a, CHUNK_BYTES + 1);
    arena_reset(&a);
    assert_null(a.chunks);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_overlap_and_are_aligned),
        cmocka_unit_test(memory_of_ordinary_size_is_used_again),
        cmocka_unit_test(an_arena_that_was_never_used_can_be_reset_and_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
