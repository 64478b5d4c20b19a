# Warnings for our own code; third-party headers are system headers and stay silent.
add_library(redwal_warnings INTERFACE)
target_compile_options(redwal_warnings INTERFACE
  -Wpedantic -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wswitch-enum -Wvla -Wformat=2 -Wwrite-strings -Wcast-qual -Wundef
  # Macros of librdkafka and OpenSSL expand to these; gcc, which checks the rest, knows that they
  # come from a system header.
  $<$<C_COMPILER_ID:Clang>:-Wno-gnu-statement-expression>
  $<$<C_COMPILER_ID:Clang>:-Wno-cast-qual>
  $<$<BOOL:${REDWAL_WERROR}>:-Werror>)
