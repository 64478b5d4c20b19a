# redwal_layer(NAME [POSIX] [DEPENDS layer...] [THIRD_PARTY dep...])
#
# lib/NAME/*.c as one static library that may link only what is named here; headers alone make an
# interface library. POSIX calls are declared only for layers that ask for them.
function(redwal_layer name)
  cmake_parse_arguments(arg "POSIX" "" "DEPENDS;THIRD_PARTY" ${ARGN})
  list(TRANSFORM arg_THIRD_PARTY PREPEND dep::)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/${name}/*.c)

  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PRIVATE redwal_warnings)
    target_compile_definitions(${name} PRIVATE $<$<BOOL:${arg_POSIX}>:_POSIX_C_SOURCE=200809L>)
    set(scope PUBLIC)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name} ${scope} ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${name} ${scope} ${arg_DEPENDS} ${arg_THIRD_PARTY})
endfunction()

# redwal_program(NAME SOURCES file... [LINK target...] [OUTPUT dir] [OUTPUT_NAME name])
function(redwal_program name)
  cmake_parse_arguments(arg "" "OUTPUT;OUTPUT_NAME" "SOURCES;LINK" ${ARGN})
  if(NOT arg_OUTPUT_NAME)
    set(arg_OUTPUT_NAME ${name})
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_compile_definitions(${name} PRIVATE _POSIX_C_SOURCE=200809L)
  target_link_libraries(${name} PRIVATE redwal_warnings ${arg_LINK})
  set_target_properties(${name} PROPERTIES
    OUTPUT_NAME ${arg_OUTPUT_NAME}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${arg_OUTPUT})
endfunction()
