# Configures and builds the shaders: cmake -DBUILD_DIR=dir -P shaders/build.cmake
# A lock lets builds that start at the same time wait for each other.
cmake_path(SET source_dir NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/..)
file(MAKE_DIRECTORY ${BUILD_DIR})
file(LOCK ${BUILD_DIR}/build.lock GUARD PROCESS TIMEOUT 900)

set(generator "")
if("$ENV{CMAKE_GENERATOR}" STREQUAL "")
    find_program(ninja NAMES ninja ninja-build NO_CACHE)
    if(NOT ninja)
        message(FATAL_ERROR "ninja was not found. On Debian and Ubuntu 'tools/setup' installs it; docs/setup.md names it for other systems.")
    endif()
    set(generator -G Ninja -DCMAKE_MAKE_PROGRAM=${ninja})
endif()

# What an error message needs: the compiler's words, without CMake's progress and the long command lines.
function(run what)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        string(REGEX REPLACE "(^|\n)(--|cd |ninja: |\\[[0-9]+/)[^\n]*" "" output "${output}")
        string(REPLACE "\n" "\n  " output "${output}") # indented lines are not re-flowed
        message(FATAL_ERROR "${what}\n${output}")
    endif()
endfunction()

run("The shader build could not be configured." ${CMAKE_COMMAND} -S ${source_dir} -B ${BUILD_DIR} ${generator})
run("A shader did not compile." ${CMAKE_COMMAND} --build ${BUILD_DIR})
