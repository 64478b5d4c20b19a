# redwal_lua(TARGET NAME...)
#
# What Redis is to run: lib/TARGET/lua/NAME.lua without its comments and on one line, as the function
# lua_NAME() that lib/TARGET/lua.h declares, and its name for EVALSHA as lua_NAME_sha().
function(redwal_lua target)
  foreach(name IN LISTS ARGN)
    set(source ${PROJECT_SOURCE_DIR}/lib/${target}/lua/${name}.lua)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    file(READ ${source} text)
    string(REGEX REPLACE "(^|\n)--[^\n]*" "\\1" text "${text}")
    string(REGEX REPLACE "[ \n]+" " " text "${text}")
    string(STRIP "${text}" text)
    string(SHA1 sha "${text}")
    string(HEX "${text}" bytes)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/lua/${name}.c @ONLY CONTENT [=[
#include "@target@/lua.h"

struct str lua_@name@(void)
{
    static const char text[] = { @bytes@ };

    return (struct str){ text, sizeof(text) };
}

struct str lua_@name@_sha(void)
{
    return STR_LITERAL("@sha@");
}
]=])
    target_sources(${target} PRIVATE ${PROJECT_BINARY_DIR}/lua/${name}.c)
  endforeach()
endfunction()
