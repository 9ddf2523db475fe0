# cmake -D BY=package|subdirectory|fetch -D SOURCE=berl's -D BINARY=berl's -D COMPILER=... -D WORK=... -P downstream.cmake
# Configures the stranger's project outside of berl's build, builds it and runs it.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT RESULT_VARIABLE code)
  if(code)
    message(FATAL_ERROR "downstream, by ${BY}: the command above ended with ${code}.")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
set(options -DBERL_BY=${BY} -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=${COMPILER})
set(programs files)
if(BY STREQUAL package)  # an installed copy, and nothing of the source folder
  run(${CMAKE_COMMAND} -E env DESTDIR= ${CMAKE_COMMAND} -D CMAKE_INSTALL_PREFIX=${WORK}/prefix -D CMAKE_INSTALL_MESSAGE=NEVER
    -P ${BINARY}/cmake_install.cmake)
  list(APPEND options -DCMAKE_PREFIX_PATH=${WORK}/prefix)
  list(APPEND programs train)
elseif(BY STREQUAL subdirectory)
  list(APPEND options -DBERL_SOURCE=${SOURCE})
else()  # an archive as it would be published, of what users need
  execute_process(COMMAND ${CMAKE_COMMAND} -E tar czf ${WORK}/berl.tar.gz CMakeLists.txt LICENSE cmake include WORKING_DIRECTORY ${SOURCE}
    COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND options -DBERL_SOURCE=${WORK}/berl.tar.gz)
endif()
run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE}/tests/downstream -B ${WORK}/build ${options})
run(${CMAKE_COMMAND} --build ${WORK}/build --target ${programs})
foreach(program IN LISTS programs)
  run(${WORK}/build/${program})
endforeach()
