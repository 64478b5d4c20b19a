# Every directory cmd/<name> with sources is the program <name>, in <build>/bin.
set(all_layers adapter runtime cli codec core port base)

file(GLOB program_dirs CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/cmd/*)
foreach(dir IN LISTS program_dirs)
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.c)
  if(sources)
    cmake_path(GET dir FILENAME name)
    redwal_program(${name} SOURCES ${sources} LINK ${all_layers} OUTPUT bin)
    target_compile_definitions(${name} PRIVATE REDWAL_VERSION="${PROJECT_VERSION}")
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
