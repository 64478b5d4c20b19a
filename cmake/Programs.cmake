# Every directory cmd/<name> with sources is the program <name>, in <build>/bin.
set(all_layers adapter runtime cli codec core port base)
set(clients dep::rdkafka dep::hiredis dep::hiredis_ssl dep::yyjson dep::openssl dep::threads)

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

foreach(page LICENSE README.md CHANGELOG.md)
  install(FILES ${PROJECT_SOURCE_DIR}/${page} DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
