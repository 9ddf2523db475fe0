# What berl's own programs are compiled with: berl_own.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
add_library(berl_own INTERFACE)
set(berl_warnings -Wall -Wextra -Wconversion -Wshadow -Werror)
target_compile_options(berl_own INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${berl_warnings}>
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-pass-failed>)  # below -O2 clang vectorises no loop, also where it is asked to
if(BERL_NATIVE)
  target_compile_options(berl_own INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-march=native>)
endif()
if(BERL_SANITIZE)
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(berl_own INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${sanitizers}>)
  target_link_options(berl_own INTERFACE ${sanitizers})
endif()
target_link_libraries(berl_own INTERFACE berl::berl berl::io Eigen3::Eigen xtensor tomlplusplus::tomlplusplus CLI11::CLI11 fmt::fmt)

# One pinned version of each, since the next one decides otherwise.
set(scripts ${PROJECT_SOURCE_DIR}/scripts)
add_custom_target(format COMMAND ${scripts}/format.sh VERBATIM USES_TERMINAL)
add_custom_target(format-check COMMAND ${scripts}/format.sh --check VERBATIM USES_TERMINAL)
add_custom_target(tidy COMMAND ${scripts}/tidy.sh ${PROJECT_BINARY_DIR} VERBATIM USES_TERMINAL)
