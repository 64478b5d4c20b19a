# Every directory cmd/<name> with sources is the program <name>, in <build>/bin. Each prints its
# own shell completions.
set(all_layers wiring adapter runtime cli codec core port base)
set(clients dep::rdkafka dep::hiredis dep::hiredis_ssl dep::yyjson dep::openssl dep::threads)

# Installed programs only: in a checked build the sanitizers would have a say in it.
function(redwal_completion program shell path)
  if(CMAKE_BUILD_TYPE STREQUAL Release AND NOT CMAKE_CROSSCOMPILING)
    set(output ${PROJECT_BINARY_DIR}/share/${path})
    cmake_path(GET output PARENT_PATH dir)
    cmake_path(GET path PARENT_PATH destination)
    add_custom_command(TARGET ${program} POST_BUILD VERBATIM
      COMMAND ${CMAKE_COMMAND} -E make_directory ${dir}
      COMMAND ${program} --generate ${shell} > ${output})
    install(FILES ${output} DESTINATION ${CMAKE_INSTALL_DATADIR}/${destination})
  endif()
endfunction()

# kubectl asks a program of this name what comes next on a plugin's command line.
function(redwal_plugin program completer)
  if(CMAKE_BUILD_TYPE STREQUAL Release AND NOT CMAKE_CROSSCOMPILING)
    set(output ${PROJECT_BINARY_DIR}/bin/${completer})
    add_custom_command(TARGET ${program} POST_BUILD VERBATIM
      COMMAND ${program} --generate kubectl > ${output}
      COMMAND chmod +x ${output})
    install(PROGRAMS ${output} TYPE BIN)
  endif()
endfunction()

file(GLOB program_dirs CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/cmd/*)
foreach(dir IN LISTS program_dirs)
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.c)
  if(sources)
    cmake_path(GET dir FILENAME name)
    redwal_program(${name} SOURCES ${sources} LINK ${all_layers} OUTPUT bin)
    target_compile_definitions(${name} PRIVATE REDWAL_VERSION="${PROJECT_VERSION}")
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    redwal_completion(${name} bash bash-completion/completions/${name})
    redwal_completion(${name} zsh zsh/site-functions/_${name})
    redwal_completion(${name} fish fish/vendor_completions.d/${name}.fish)
    if(name MATCHES "^kubectl-(.*)")
      redwal_plugin(${name} kubectl_complete-${CMAKE_MATCH_1})
    endif()
  endif()
endforeach()

foreach(page LICENSE README.md CHANGELOG.md)
  install(FILES ${PROJECT_SOURCE_DIR}/${page} DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
