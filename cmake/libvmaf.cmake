# Makes the target `libvmaf`: libvmaf 3 or newer with its models built in. The system's where pkg-config finds it, else
# the pinned source, built once into the cache by tools/libvmaf/build (half a minute; at once when it is there).
pkg_check_modules(system_libvmaf QUIET IMPORTED_TARGET libvmaf>=3)
add_library(libvmaf INTERFACE)
if(system_libvmaf_FOUND)
  message(STATUS "libvmaf ${system_libvmaf_VERSION}: the system's")
  target_link_libraries(libvmaf INTERFACE PkgConfig::system_libvmaf)
else()
  execute_process(
    COMMAND ${CMAKE_SOURCE_DIR}/tools/libvmaf/build
    OUTPUT_VARIABLE libvmaf_prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "libvmaf: ${libvmaf_prefix}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/libvmaf/build)
  target_include_directories(libvmaf SYSTEM INTERFACE ${libvmaf_prefix}/include)
  target_link_libraries(libvmaf INTERFACE ${libvmaf_prefix}/lib/libvmaf.a m Threads::Threads)
endif()
