# How a folder declares its targets. Sources are listed, never globbed. Includes are written from
# the root of the repository: #include "services/router/engine/engine.h".
#
#   firstline_library(NAME router_engine ALIAS firstline::engine
#                     SOURCES engine.h engine.cc DEPS firstline::clock absl::strings
#                     [PRIVATE_DEPS ...] [NEEDS_GRPC] [TOGETHER])
#   firstline_executable(NAME firstline-router SOURCES main.cc DEPS ... [NEEDS_GRPC])
#   firstline_test(NAME engine_test LABEL unit SOURCES engine_test.cc DEPS firstline::engine
#                  [WHOLE] [SERIAL] [TIMEOUT seconds] [ARGS ...] [NEEDS_GRPC] [TOGETHER])
#   firstline_proto_library(NAME proto_v1 ALIAS firstline::proto_v1 PROTOS a.proto b.proto
#                           [IMPORT_DIR dir] [DEPS ...] [GRPC])
#   firstline_benchmark(NAME engine_bench SOURCES ... DEPS ... [NEEDS_GRPC])
#   firstline_fuzzer(NAME tape_fuzzer SOURCES ... DEPS ... [RUNS n] [CORPUS dir] [NEEDS_GRPC])
#   firstline_script_test(NAME lint_sizes LABEL lint COMMAND python3 ... [TIMEOUT seconds])
#   firstline_add_folders(engine store ...)
#
# TOGETHER compiles eight sources at a time, for libraries whose time goes to the headers that all of
# them include (gRPC, protobuf, GoogleTest): names in their unnamed namespaces must differ then.
#
# NEEDS_GRPC leaves the target out when FIRSTLINE_WITH_GRPC is OFF, which is how the thread
# sanitizer is run: it cannot see through the packaged gRPC.

include(GoogleTest)

# Builds what is wanted of a fuzzing tree, without the rest.
if(FIRSTLINE_FUZZ)
  add_custom_target(fuzzers)
endif()

# Adds each named folder that has a CMakeLists.txt, so that one list can name the whole layout.
function(firstline_add_folders)
  foreach(folder IN LISTS ARGN)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt")
      add_subdirectory("${folder}")
    endif()
  endforeach()
endfunction()

# Our own code: include root and warnings. `visibility` is PUBLIC, or INTERFACE for headers only.
function(_firstline_own target visibility)
  target_include_directories(${target} ${visibility} "${PROJECT_SOURCE_DIR}")
  if(NOT visibility STREQUAL "INTERFACE")
    target_compile_options(${target} PRIVATE ${FIRSTLINE_WARNINGS})
  endif()
endfunction()

function(_firstline_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# A static library, or an interface library when SOURCES holds headers only.
function(firstline_library)
  cmake_parse_arguments(arg "NEEDS_GRPC;TOGETHER" "NAME;ALIAS" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  _firstline_check_arguments(firstline_library)
  if(arg_NEEDS_GRPC AND NOT FIRSTLINE_WITH_GRPC)
    return()
  endif()
  set(compiled ${arg_SOURCES})
  list(FILTER compiled INCLUDE REGEX "\\.cc$")
  if(compiled)
    add_library(${arg_NAME} STATIC ${arg_SOURCES})
    _firstline_own(${arg_NAME} PUBLIC)
    if(arg_TOGETHER)
      _firstline_together(${arg_NAME})
    endif()
    target_link_libraries(${arg_NAME} PUBLIC ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
  else()
    add_library(${arg_NAME} INTERFACE ${arg_SOURCES})
    _firstline_own(${arg_NAME} INTERFACE)
    target_link_libraries(${arg_NAME} INTERFACE ${arg_DEPS})
  endif()
  if(arg_ALIAS)
    add_library(${arg_ALIAS} ALIAS ${arg_NAME})
  endif()
endfunction()

function(firstline_executable)
  cmake_parse_arguments(arg "NEEDS_GRPC" "NAME" "SOURCES;DEPS" ${ARGN})
  _firstline_check_arguments(firstline_executable)
  if(arg_NEEDS_GRPC AND NOT FIRSTLINE_WITH_GRPC)
    return()
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  _firstline_own(${arg_NAME} PUBLIC)
  target_link_libraries(${arg_NAME} PRIVATE ${arg_DEPS})
endfunction()

# A GoogleTest binary. Each case is a ctest of its own, named <NAME>.<Suite>.<Case> behind the
# preset's prefix; WHOLE registers the binary as one ctest instead (expensive shared set-up, or
# thousands of cases). SERIAL: nothing else runs meanwhile. Sanitizers get four times TIMEOUT.
# THREADS: it, or what it tests, starts threads; the thread sanitizer is for these alone. The target
# `tests` builds them all.
# FIRSTLINE_SOURCE_DIR is defined for tests that read files of the tree.
function(firstline_test)
  cmake_parse_arguments(arg "NEEDS_GRPC;WHOLE;SERIAL;THREADS;TOGETHER" "NAME;LABEL;TIMEOUT" "SOURCES;DEPS;ARGS"
                        ${ARGN})
  _firstline_check_arguments(firstline_test)
  _firstline_check_label("${arg_LABEL}")
  if(FIRSTLINE_FUZZ OR (arg_NEEDS_GRPC AND NOT FIRSTLINE_WITH_GRPC))
    return()
  endif()
  if(FIRSTLINE_SANITIZE STREQUAL "thread" AND NOT arg_THREADS)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(FIRSTLINE_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 4")
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  if(NOT TARGET tests)
    add_custom_target(tests)
  endif()
  add_dependencies(tests ${arg_NAME})
  _firstline_own(${arg_NAME} PUBLIC)
  if(arg_TOGETHER)
    _firstline_together(${arg_NAME})
  endif()
  target_compile_definitions(${arg_NAME} PRIVATE FIRSTLINE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${arg_NAME} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest
                                            GTest::gtest_main)
  set(properties LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_SERIAL})
  set(test "${FIRSTLINE_TEST_PREFIX}${arg_NAME}")
  if(arg_WHOLE)
    add_test(NAME ${test} COMMAND ${arg_NAME} ${arg_ARGS})
    set_tests_properties(${test} PROPERTIES ${properties})
  else()
    gtest_discover_tests(${arg_NAME} TEST_PREFIX "${test}." EXTRA_ARGS ${arg_ARGS}
                         DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES
                         PROPERTIES ${properties})
  endif()
endfunction()

# One binary with gRPC, two lengths, each a ctest: <NAME>_short_test runs the cases that the GoogleTest
# filter SHORT names and is labelled integration, <NAME>_long_test those of LONG and is labelled long.
function(firstline_short_and_long_test)
  cmake_parse_arguments(arg "SERIAL" "NAME;SHORT;LONG;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  _firstline_check_arguments(firstline_short_and_long_test)
  set(serial "")
  if(arg_SERIAL)
    set(serial SERIAL)
  endif()
  foreach(length SHORT LONG)
    string(TOLOWER ${length} suffix)
    set(label integration)
    if(length STREQUAL "LONG")
      set(label long)
    endif()
    firstline_test(NAME ${arg_NAME}_${suffix}_test NEEDS_GRPC WHOLE ${serial} LABEL ${label}
                   SOURCES ${arg_SOURCES} DEPS ${arg_DEPS}
                   ARGS "--gtest_filter=${arg_${length}}" TIMEOUT ${arg_TIMEOUT})
  endforeach()
endfunction()

# A check that is a command; it is run in the root of the repository. Exit code 77: could not be
# run here. Lints look at sources, so presets that differ in flags alone leave them out.
function(firstline_script_test)
  cmake_parse_arguments(arg "" "NAME;LABEL;TIMEOUT" "COMMAND" ${ARGN})
  _firstline_check_label("${arg_LABEL}")
  if(FIRSTLINE_FUZZ OR (FIRSTLINE_SANITIZE AND arg_LABEL STREQUAL "lint"))
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set(test "${FIRSTLINE_TEST_PREFIX}${arg_NAME}")
  add_test(NAME ${test} COMMAND ${arg_COMMAND} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${test} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT}
                                          SKIP_RETURN_CODE 77)
endfunction()

# Messages in the target NAME and, with GRPC, service stubs in <NAME>_grpc (alias <ALIAS>_grpc), so
# that a codec can link messages without gRPC. PROTOS are named from the calling folder; includes
# and imports start at IMPORT_DIR, which is proto/ unless told.
function(firstline_proto_library)
  cmake_parse_arguments(arg "GRPC" "NAME;ALIAS;IMPORT_DIR" "PROTOS;DEPS" ${ARGN})
  _firstline_check_arguments(firstline_proto_library)
  if(NOT FIRSTLINE_WITH_GRPC)
    return()
  endif()
  if(NOT arg_IMPORT_DIR)
    set(arg_IMPORT_DIR "${PROJECT_SOURCE_DIR}/proto")
  endif()
  set(out_dir "${PROJECT_BINARY_DIR}/generated/${arg_NAME}")
  _firstline_run_protoc(sources cpp .pb)
  add_library(${arg_NAME} STATIC ${sources})
  target_link_libraries(${arg_NAME} PUBLIC protobuf::libprotobuf ${arg_DEPS})
  _firstline_generated(${arg_NAME} "${out_dir}" "${arg_ALIAS}")
  if(NOT arg_GRPC)
    return()
  endif()

  set(grpc "${arg_NAME}_grpc")
  _firstline_run_protoc(sources grpc .grpc.pb
                        "--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>")
  add_library(${grpc} STATIC ${sources})
  _firstline_together(${grpc})
  target_link_libraries(${grpc} PUBLIC ${arg_NAME} gRPC::grpc++)
  if(arg_ALIAS)
    set(arg_ALIAS "${arg_ALIAS}_grpc")
  endif()
  _firstline_generated(${grpc} "${out_dir}" "${arg_ALIAS}")
endfunction()

# Appends a protoc run for each of arg_PROTOS and puts the generated files into `result`. Not
# protobuf_generate: that one looks for its outputs in the wrong folder unless the imports start at
# the calling folder, and does not run again when an imported file changes.
macro(_firstline_run_protoc result language extension)
  set(${result} "")
  foreach(proto IN LISTS arg_PROTOS)
    set(proto "${CMAKE_CURRENT_SOURCE_DIR}/${proto}")
    cmake_path(RELATIVE_PATH proto BASE_DIRECTORY "${arg_IMPORT_DIR}" OUTPUT_VARIABLE stem)
    cmake_path(REMOVE_EXTENSION stem LAST_ONLY)
    set(stem "${out_dir}/${stem}${extension}")
    cmake_path(GET stem PARENT_PATH parent)
    file(MAKE_DIRECTORY "${parent}")
    add_custom_command(
      OUTPUT "${stem}.cc" "${stem}.h"
      COMMAND protobuf::protoc --proto_path "${arg_IMPORT_DIR}" --${language}_out "${out_dir}"
              --dependency_out "${stem}.d" ${ARGN} "${proto}"
      DEPENDS "${proto}"
      DEPFILE "${stem}.d"
      COMMENT "protoc ${extension} ${proto}"
      VERBATIM)
    list(APPEND ${result} "${stem}.cc" "${stem}.h")
  endforeach()
endmacro()

function(_firstline_generated target out_dir alias)
  target_include_directories(${target} SYSTEM PUBLIC "${out_dir}")
  target_compile_options(${target} PRIVATE -w)
  set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "")
  if(alias)
    add_library(${alias} ALIAS ${target})
  endif()
endfunction()

# A Google Benchmark binary; never a ctest, because its result depends on what else is running.
function(firstline_benchmark)
  cmake_parse_arguments(arg "NEEDS_GRPC" "NAME" "SOURCES;DEPS" ${ARGN})
  _firstline_check_arguments(firstline_benchmark)
  if(NOT TARGET benchmark::benchmark OR (arg_NEEDS_GRPC AND NOT FIRSTLINE_WITH_GRPC))
    return()
  endif()
  firstline_executable(NAME ${arg_NAME} SOURCES ${arg_SOURCES}
                       DEPS ${arg_DEPS} benchmark::benchmark)
endfunction()

# A libFuzzer binary that defines LLVMFuzzerTestOneInput. Built with FIRSTLINE_FUZZ only, where a
# ctest labelled fuzz gives it RUNS inputs from a fixed seed, starting from CORPUS if there is one.
function(firstline_fuzzer)
  cmake_parse_arguments(arg "NEEDS_GRPC" "NAME;RUNS;CORPUS" "SOURCES;DEPS" ${ARGN})
  _firstline_check_arguments(firstline_fuzzer)
  if(NOT FIRSTLINE_FUZZ OR (arg_NEEDS_GRPC AND NOT FIRSTLINE_WITH_GRPC))
    return()
  endif()
  if(NOT arg_RUNS)
    set(arg_RUNS 20000)
  endif()
  firstline_executable(NAME ${arg_NAME} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS})
  target_link_options(${arg_NAME} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers ${arg_NAME})
  # libFuzzer writes what it discovers into the first folder it is given: never into the tree.
  set(scratch "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}_corpus")
  file(MAKE_DIRECTORY "${scratch}")
  add_test(NAME ${arg_NAME}
           COMMAND ${arg_NAME} -runs=${arg_RUNS} -seed=1 -timeout=60 "${scratch}" ${arg_CORPUS}
           WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  set_tests_properties(${arg_NAME} PROPERTIES LABELS fuzz TIMEOUT 1800)
endfunction()

set(FIRSTLINE_TEST_LABELS unit integration simulation e2e lint long)

function(_firstline_check_label label)
  if(NOT label IN_LIST FIRSTLINE_TEST_LABELS)
    message(FATAL_ERROR "LABEL must be one of ${FIRSTLINE_TEST_LABELS}, not '${label}'")
  endif()
endfunction()

# A misspelt keyword would otherwise be swallowed as one more source or dependency.
macro(_firstline_check_arguments caller)
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${caller}: unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_NAME)
    message(FATAL_ERROR "${caller}: NAME is missing")
  endif()
endmacro()
