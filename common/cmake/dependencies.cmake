# Everything found outside the tree; all of it Debian packages (deploy/install_packages.sh).

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(Boost REQUIRED)  # headers alone: Boost.Math
find_package(OpenSSL REQUIRED)
find_package(GTest CONFIG REQUIRED)
find_package(benchmark CONFIG)
# hiredis 0.14 ships no CMake package.
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
# TLS to Redis came with hiredis 1.0 (Debian 13); without it a router that is told to use it says so.
pkg_check_modules(hiredis_ssl IMPORTED_TARGET hiredis_ssl>=1.0)

if(FIRSTLINE_WITH_GRPC)
  # protobuf has to be found in module mode first: its CMake package is not packaged.
  find_package(Protobuf REQUIRED)
  find_package(gRPC CONFIG REQUIRED)
  find_package(prometheus-cpp CONFIG REQUIRED)
  find_package(civetweb CONFIG REQUIRED)  # what prometheus-cpp serves with
  find_package(CLI11 CONFIG REQUIRED)
  # yaml-cpp 0.7 exports a plain target name, later releases a namespaced one.
  find_package(yaml-cpp CONFIG REQUIRED)
  if(NOT TARGET yaml-cpp::yaml-cpp)
    add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
  endif()
endif()
