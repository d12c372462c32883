# Makes the target `libvmaf`: libvmaf 3 or newer with its models built in. By default the pinned source, built once into
# the cache by tools/libvmaf/build (half a minute; at once when it is there), because it carries a correction that others
# lack: doc/decisions/libvmaf.md. -DHOUSE_SYSTEM_LIBVMAF=ON takes the one that pkg-config finds.
option(HOUSE_SYSTEM_LIBVMAF "link the system's libvmaf (3 or newer) instead of the pinned one")
add_library(libvmaf INTERFACE)
if(HOUSE_SYSTEM_LIBVMAF)
  pkg_check_modules(system_libvmaf REQUIRED IMPORTED_TARGET libvmaf>=3)
  target_link_libraries(libvmaf INTERFACE PkgConfig::system_libvmaf)
else()
  execute_process(
    COMMAND ${CMAKE_SOURCE_DIR}/tools/libvmaf/build
    OUTPUT_VARIABLE libvmaf_prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/libvmaf/build)
  target_include_directories(libvmaf SYSTEM INTERFACE ${libvmaf_prefix}/include)
  target_link_libraries(libvmaf INTERFACE ${libvmaf_prefix}/lib/libvmaf.a m Threads::Threads)
endif()
