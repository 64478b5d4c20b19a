# Third-party parts, found by pkg-config; each becomes a target `dep::<name>`.
#
# Where the system's are too old or missing, hack/build-prefix builds them once into a private
# prefix that is searched first. REDWAL_PREFIX names another prefix, or is empty for none.
find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

set(REDWAL_PREFIX "auto" CACHE STRING "Prefix of third-party libraries: auto, a path, or empty")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${PROJECT_SOURCE_DIR}/hack/build-prefix ${PROJECT_SOURCE_DIR}/hack/debian-sources)

set(prefix ${REDWAL_PREFIX})
if(prefix STREQUAL "auto")
  # Debian's own packages are shared libraries with all features on: too large for an image. Their
  # librdkafka may start its threads by C11's thrd_create(), past the thread sanitizer.
  set(always)
  if(REDWAL_STATIC_DEPS OR REDWAL_SANITIZE MATCHES "thread")
    set(always --always)
  endif()
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/hack/build-prefix
                          ${always}
                  OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
endif()
if(prefix)
  message(STATUS "Third-party libraries from ${prefix}")
  set(ENV{PKG_CONFIG_PATH} "${prefix}/lib/pkgconfig:$ENV{PKG_CONFIG_PATH}")
endif()

# Results are cached by name: forget them when they came from another prefix.
if(NOT "${prefix}" STREQUAL "${REDWAL_PREFIX_SEEN}")
  get_cmake_property(cached CACHE_VARIABLES)
  list(FILTER cached INCLUDE REGEX "^(pkgcfg_lib_|__pkg_config_checked_)DEP_")
  foreach(name IN LISTS cached)
    unset(${name} CACHE)
  endforeach()
endif()
set(REDWAL_PREFIX_SEEN "${prefix}" CACHE INTERNAL "")

if(REDWAL_STATIC_DEPS)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a .so)
endif()

# redwal_dependency(NAME MODULE...): pkg-config modules as the target dep::NAME.
function(redwal_dependency name)
  pkg_check_modules(DEP_${name} REQUIRED IMPORTED_TARGET ${ARGN})
  add_library(dep::${name} ALIAS PkgConfig::DEP_${name})
endfunction()

redwal_dependency(rdkafka rdkafka>=2.8)
# Not in the prefix's .pc file, so that the C library's own parts stay shared in a static build.
target_link_libraries(PkgConfig::DEP_rdkafka INTERFACE m ${CMAKE_DL_LIBS})
redwal_dependency(hiredis hiredis>=1.2)
redwal_dependency(hiredis_ssl hiredis_ssl>=1.2)
redwal_dependency(yyjson yyjson>=0.10)
redwal_dependency(jansson jansson)
redwal_dependency(protobuf_c libprotobuf-c)
redwal_dependency(avro avro-c>=1.11)
# Its .pc file names nothing of what a static library needs.
target_link_libraries(PkgConfig::DEP_avro INTERFACE dep::jansson)
redwal_dependency(xxhash libxxhash)
redwal_dependency(yaml yaml-0.1)
redwal_dependency(microhttpd libmicrohttpd)
redwal_dependency(curl libcurl>=7.87)
redwal_dependency(openssl libssl libcrypto)
redwal_dependency(zlib zlib)
if(REDWAL_TESTS)
  redwal_dependency(cmocka cmocka)
endif()
add_library(dep::threads ALIAS Threads::Threads)
