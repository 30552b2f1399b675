# Every library we use, found once, each under one target name minslice::<lib>.
# The packages that provide them are listed in packages.txt, which scripts/setup reads.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Boost REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(yaml-cpp REQUIRED)
find_package(simdjson REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)

find_path(MINSLICE_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
find_path(MINSLICE_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
find_path(MINSLICE_RANDOM123_INCLUDE Random123/philox.h REQUIRED)

if(TARGET yaml-cpp::yaml-cpp)
  set(MINSLICE_YAML_CPP yaml-cpp::yaml-cpp)
else()
  set(MINSLICE_YAML_CPP yaml-cpp)
endif()
