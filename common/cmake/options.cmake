# Switches of the build and what they do to the compiler.

option(FIRSTLINE_WITH_GRPC "Build the targets that need gRPC or protobuf" ON)
option(FIRSTLINE_FUZZ "Instrument for libFuzzer and build the fuzzers (clang only)" OFF)
option(FIRSTLINE_WERROR "Treat warnings in our own code as errors" ON)
set(FIRSTLINE_SANITIZE "" CACHE STRING "\"\", address;undefined or thread")
set(FIRSTLINE_TEST_PREFIX "" CACHE STRING "What the names of ctests begin with")
set_property(CACHE FIRSTLINE_SANITIZE PROPERTY STRINGS "" "address;undefined" "thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

find_program(FIRSTLINE_CCACHE ccache)
if(FIRSTLINE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${FIRSTLINE_CCACHE}")
endif()

# GNU ld needs several times as long for binaries that link gRPC.
find_program(FIRSTLINE_LLD NAMES ld.lld ld.lld-14)
if(FIRSTLINE_LLD)
  add_link_options(-fuse-ld=lld)
endif()

if(FIRSTLINE_SANITIZE)
  string(REPLACE ";" "," sanitizers "${FIRSTLINE_SANITIZE}")
  add_compile_options(-fsanitize=${sanitizers} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${sanitizers})
endif()

if(FIRSTLINE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "FIRSTLINE_FUZZ needs clang; use the preset 'fuzz'")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address)
endif()

# Warnings for our own code only; generated code gets -w instead.
# A designated initializer leaves fields out on purpose, which -Wextra of gcc 12 would report.
set(FIRSTLINE_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Woverloaded-virtual
                       -Wno-missing-field-initializers)
if(FIRSTLINE_WERROR)
  list(APPEND FIRSTLINE_WARNINGS -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12's flow analysis reports variables that are set and, at -O3, overlaps that are none in the
  # assignment of literals to std::string. Which files it hits changes with inlining: no errors then.
  # The sanitizers look for the real ones.
  list(APPEND FIRSTLINE_WARNINGS -Wno-error=maybe-uninitialized
                                 $<$<CONFIG:Release>:-Wno-restrict>)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  list(APPEND FIRSTLINE_WARNINGS -Wthread-safety)
elseif(FIRSTLINE_SANITIZE)
  # gcc's flow analysis loses its way in instrumented code and reports variables that are set.
  list(APPEND FIRSTLINE_WARNINGS -Wno-error=maybe-uninitialized)
endif()
