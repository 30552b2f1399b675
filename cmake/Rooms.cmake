# A room is a folder of src/ and one static library, minslice_<room>.
#   minslice_room(stats SOURCES mcnemar.cc tango.cc ROOMS rng LIBS Boost::headers)
# ROOMS names the rooms that it includes; scripts/check_layers holds them against the table in src/README.md.
# Rooms and libraries are linked PRIVATE: who needs a room says so.

add_library(minslice_options INTERFACE)
target_compile_options(minslice_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 and 13 report these wrongly on std::string at -O2 (bugs 105329, 107852, 105562); the sanitizer build looks for the real ones.
  target_compile_options(minslice_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow
                         -Wno-dangling-reference)
endif()
if(MINSLICE_DEVELOPER_MODE)
  target_compile_options(minslice_options INTERFACE -Werror)
endif()
if(MINSLICE_SANITIZE)
  target_compile_options(minslice_options INTERFACE -fsanitize=${MINSLICE_SANITIZE}
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(minslice_options INTERFACE -fsanitize=${MINSLICE_SANITIZE})
endif()

function(minslice_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBS" ${ARGN})
  add_library(minslice_${name} STATIC ${ROOM_SOURCES})
  # BUILD_INTERFACE: an installed room (cmake/Install.cmake) knows neither our source tree nor our warnings.
  target_include_directories(minslice_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
                             $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>)
  target_include_directories(minslice_${name} SYSTEM PUBLIC $<BUILD_INTERFACE:${MINSLICE_EXPECTED_INCLUDE}>)
  target_link_libraries(minslice_${name} PRIVATE $<BUILD_INTERFACE:minslice_options> ${ROOM_LIBS})
  foreach(room IN LISTS ROOM_ROOMS)
    target_link_libraries(minslice_${name} PRIVATE minslice_${room})
  endforeach()
endfunction()

# minslice_test(mcnemar_test SOURCES unit/stats/mcnemar_test.cc ROOMS stats LIBS ...)
# builds bin/<name> and registers it whole; tests find tests/data through MINSLICE_TEST_DATA and
# the shared folder, where present, through MINSLICE_SHARED (else they say SKIP with a line).
function(minslice_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;ROOMS;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
  target_include_directories(${name} SYSTEM PRIVATE ${MINSLICE_EXPECTED_INCLUDE})
  target_link_libraries(${name} PRIVATE minslice_options GTest::gtest_main GTest::gmock ${TEST_LIBS})
  foreach(room IN LISTS TEST_ROOMS)
    target_link_libraries(${name} PRIVATE minslice_${room})
  endforeach()
  target_compile_definitions(${name} PRIVATE
    MINSLICE_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data"
    MINSLICE_SHARED="${CMAKE_SOURCE_DIR}/../shared"
    MINSLICE_BINARY="${CMAKE_BINARY_DIR}/bin/minslice")
  add_test(NAME ${name} COMMAND ${name})
  if(TEST_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABELS}")
  endif()
endfunction()
