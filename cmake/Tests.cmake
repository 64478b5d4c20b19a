# Tests are found by name; see CONTRIBUTING.md for what goes where.
#
#   tests/lib/*.c                     library `testlib`: fakes, fault injection, tables
#   tests/unit/<layer>/test_<x>.c     cmocka program, ctest unit.<layer>.<x>, label unit;
#                                     <layer> may be a program of cmd/
#   tests/sim/test_<x>.c              cmocka program, ctest sim.<x>, label sim
#   tests/model/                      the ownership protocol for spin, ctest sim.model, label sim
#   tests/fuzz/fuzz_<x>.c             libFuzzer target; elsewhere its corpus is replayed, label unit
set(tests ${PROJECT_SOURCE_DIR}/tests)

file(GLOB sources CONFIGURE_DEPENDS ${tests}/lib/*.c)
if(sources)
  add_library(testlib STATIC ${sources})
  target_compile_definitions(testlib PRIVATE _POSIX_C_SOURCE=200809L)
  target_link_libraries(testlib PRIVATE redwal_warnings)
  set(scope PUBLIC)
else()
  add_library(testlib INTERFACE)
  set(scope INTERFACE)
endif()
target_include_directories(testlib ${scope} ${tests}/lib)
target_link_libraries(testlib ${scope} codec core base port dep::cmocka dep::threads)

# redwal_test(LABEL NAME SOURCE LINK...): one cmocka program, known to ctest as LABEL.NAME.
function(redwal_test label name source)
  string(REPLACE . _ target ${label}_${name})
  redwal_program(${target} SOURCES ${source} LINK ${ARGN} OUTPUT tests)
  add_test(NAME ${label}.${name} COMMAND ${target} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT 900
    ENVIRONMENT TSAN_OPTIONS=suppressions=${tests}/tsan.supp)
endfunction()

# A pure layer's tests get that layer's own surroundings; the others get all of it.
set(test_links_base base)
set(test_links_core core base)
set(test_links_codec codec core base)
set(test_links_cli cli codec core base)

file(GLOB sources CONFIGURE_DEPENDS ${tests}/unit/*/test_*.c)
foreach(source IN LISTS sources)
  cmake_path(GET source STEM module)
  cmake_path(GET source PARENT_PATH dir)
  cmake_path(GET dir FILENAME layer)
  string(REGEX REPLACE "^test_" "" module ${module})
  if(DEFINED test_links_${layer})
    redwal_test(unit ${layer}.${module} ${source} testlib ${test_links_${layer}})
  elseif(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/cmd/${layer})
    # A program's own parts, all but main().
    file(GLOB parts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmd/${layer}/*.c)
    list(FILTER parts EXCLUDE REGEX "/main\\.c$")
    redwal_test(unit ${layer}.${module} "${source};${parts}" testlib ${all_layers} ${clients})
    target_include_directories(unit_${layer}_${module} PRIVATE ${PROJECT_SOURCE_DIR}/cmd/${layer})
    target_compile_definitions(unit_${layer}_${module} PRIVATE REDWAL_VERSION="${PROJECT_VERSION}")
  else()
    file(GLOB shared CONFIGURE_DEPENDS ${dir}/*.c)
    list(FILTER shared EXCLUDE REGEX "/test_[^/]*$")
    redwal_test(unit ${layer}.${module} "${source};${shared}" testlib ${all_layers} ${clients})
    # They wait for servers and timeouts, so they go first.
    set_tests_properties(unit.${layer}.${module} PROPERTIES COST 10)
  endif()
endforeach()

# A simulation has one thread: the thread sanitizer would see nothing there.
if(NOT REDWAL_SANITIZE MATCHES "thread")
  # What simulations of the shell share; it is no part of testlib, which knows the pure layers alone.
  file(GLOB sources CONFIGURE_DEPENDS ${tests}/sim/*.c)
  set(shared ${sources})
  list(FILTER shared EXCLUDE REGEX "/test_[^/]*$")
  list(FILTER sources INCLUDE REGEX "/test_[^/]*$")
  add_library(simlib STATIC ${shared})
  target_include_directories(simlib PUBLIC ${tests}/sim)
  target_link_libraries(simlib PUBLIC testlib runtime cli codec core base PRIVATE redwal_warnings)
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM module)
    string(REGEX REPLACE "^(test|sim)_" "" module ${module})
    redwal_test(sim ${module} ${source} simlib testlib runtime cli codec core base)
  endforeach()

  add_test(NAME sim.model COMMAND ${tests}/model/run)
  set_tests_properties(sim.model PROPERTIES LABELS sim TIMEOUT 60 SKIP_RETURN_CODE 77)
endif()

file(GLOB sources CONFIGURE_DEPENDS ${tests}/fuzz/fuzz_*.c)
foreach(source IN LISTS sources)
  cmake_path(GET source STEM module)
  string(REGEX REPLACE "^fuzz_" "" module ${module})
  if(REDWAL_SANITIZE MATCHES "fuzzer")
    redwal_program(fuzz_${module} SOURCES ${source} LINK testlib cli codec core base OUTPUT fuzz)
    target_link_options(fuzz_${module} PRIVATE -fsanitize=fuzzer)
  else()
    redwal_program(fuzz_${module} SOURCES ${source} ${tests}/fuzz/replay.c
                   LINK testlib cli codec core base OUTPUT fuzz)
    add_test(NAME unit.fuzz.${module}
             COMMAND fuzz_${module} ${tests}/fuzz/corpus/${module})
    set_tests_properties(unit.fuzz.${module} PROPERTIES LABELS unit TIMEOUT 60)
  endif()
endforeach()
