# What the demo, the integration tests and the benchmark run beside the programs themselves:
#
#   tests/tools/<x>.c                 in <build>/tools
#   bench/<x>.c                       in <build>/bench
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/tools/*.c)
foreach(source IN LISTS sources)
  cmake_path(GET source STEM name)
  redwal_program(${name} SOURCES ${source} LINK ${all_layers} ${clients} OUTPUT tools)
endforeach()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
foreach(source IN LISTS sources)
  cmake_path(GET source STEM name)
  redwal_program(${name} SOURCES ${source} LINK ${all_layers} ${clients} OUTPUT bench)
endforeach()
