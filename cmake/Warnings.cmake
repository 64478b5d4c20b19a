# Warnings for our own code; third-party headers are system headers and stay silent.
add_library(redwal_warnings INTERFACE)
target_compile_options(redwal_warnings INTERFACE
  -Wpedantic -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wswitch-enum -Wvla -Wformat=2 -Wwrite-strings -Wcast-qual -Wundef
  $<$<BOOL:${REDWAL_WERROR}>:-Werror>)
