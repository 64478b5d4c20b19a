# Language, sanitizers, hardening and link-time optimisation: the same for every target.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Asserts are for our own mistakes and stay on.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_compile_options(-fno-common -ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections)

if(REDWAL_SANITIZE)
  add_compile_options(-fsanitize=${REDWAL_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${REDWAL_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL Release)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE
                      -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack,-z,pack-relative-relocs)
endif()

if(REDWAL_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT have_lto OUTPUT lto_reason LANGUAGES C)
  if(have_lto)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  else()
    message(STATUS "Link-time optimisation is off: ${lto_reason}")
  endif()
endif()
