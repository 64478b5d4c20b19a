# What the demo, the integration tests and the benchmark run beside the programs themselves:
#
#   tests/tools/<x>.c                 in <build>/tools
#   bench/<x>.c                       in <build>/bench; bench/lib/*.c is what they share
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/tools/*.c)
foreach(source IN LISTS sources)
  cmake_path(GET source STEM name)
  redwal_program(${name} SOURCES ${source} LINK ${all_layers} ${clients} OUTPUT tools)
endforeach()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/lib/*.c)
add_library(benchlib STATIC ${sources})
target_compile_definitions(benchlib PRIVATE _POSIX_C_SOURCE=200809L)
target_include_directories(benchlib PUBLIC ${PROJECT_SOURCE_DIR}/bench/lib)
target_link_libraries(benchlib PRIVATE redwal_warnings PUBLIC core base)

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
foreach(source IN LISTS sources)
  cmake_path(GET source STEM name)
  redwal_program(${name} SOURCES ${source} LINK benchlib ${all_layers} ${clients} OUTPUT bench)
endforeach()
