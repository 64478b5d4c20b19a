# Warnings for our own code; third-party headers are system headers and stay silent.
add_library(redwal_warnings INTERFACE)
target_compile_options(redwal_warnings INTERFACE
  -Wpedantic -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wswitch-enum -Wvla -Wformat=2 -Wwrite-strings -Wcast-qual -Wundef
  # librdkafka's macros expand to these; gcc knows that they come from a system header.
  $<$<C_COMPILER_ID:Clang>:-Wno-gnu-statement-expression>
  $<$<BOOL:${REDWAL_WERROR}>:-Werror>)
