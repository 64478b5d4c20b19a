# The record's schemas as code: the library `schemas`, with <redwal.pb-c.h> and <redwal_avsc.h>.
#
# protobuf-c keeps no length of a string and knows no optional field of proto3, so the applier reads
# the same messages as proto2 with bytes for strings. On the wire that is no difference.
find_program(PROTOC protoc REQUIRED)
set(generated ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated})

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${PROJECT_SOURCE_DIR}/schemas/redwal.proto ${PROJECT_SOURCE_DIR}/schemas/redwal.avsc)
file(READ ${PROJECT_SOURCE_DIR}/schemas/redwal.proto text)
string(REPLACE "\"proto3\"" "\"proto2\"" text "${text}")
string(REGEX REPLACE "\n  string " "\n  optional bytes " text "${text}")
file(CONFIGURE OUTPUT ${generated}/redwal.proto CONTENT "${text}" @ONLY)
configure_file(${PROJECT_SOURCE_DIR}/lib/codec/file_descriptor.proto
               ${generated}/file_descriptor.proto COPYONLY)

file(READ ${PROJECT_SOURCE_DIR}/schemas/redwal.avsc text)
string(REGEX REPLACE "\n *" "" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
file(CONFIGURE OUTPUT ${generated}/redwal_avsc.h CONTENT "#define REDWAL_AVSC \"${text}\"\n" @ONLY)

foreach(name redwal file_descriptor)
  add_custom_command(VERBATIM OUTPUT ${generated}/${name}.pb-c.c ${generated}/${name}.pb-c.h
                     COMMAND ${PROTOC} -I ${generated} --c_out=${generated} ${name}.proto
                     DEPENDS ${generated}/${name}.proto)
  list(APPEND schema_sources ${generated}/${name}.pb-c.c)
endforeach()
add_library(schemas STATIC ${schema_sources})
target_include_directories(schemas SYSTEM PUBLIC ${generated})
target_link_libraries(schemas PUBLIC dep::protobuf_c)
add_library(dep::schemas ALIAS schemas)
