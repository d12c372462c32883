# The preset `fuzz`: house_fuzzer(yaml value) makes the program fuzz/yaml of fuzz/yaml.cc and the folders it tests. All
# else of the tree is configured and not built: the target `fuzz` builds the fuzzers.
add_custom_target(fuzz)

function(house_fuzzer name)
  add_executable(fuzz-${name} ${CMAKE_SOURCE_DIR}/fuzz/${name}.cc)
  house_compile(fuzz-${name})
  target_include_directories(fuzz-${name} PRIVATE ${CMAKE_SOURCE_DIR})
  house_link(fuzz-${name} PRIVATE "${ARGN}")
  target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(fuzz-${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  add_dependencies(fuzz fuzz-${name})
endfunction()

house_fuzzer(yaml value)
house_fuzzer(json value)
house_fuzzer(suite trial)
house_fuzzer(match expect)
house_fuzzer(kubeconfig kube)
house_fuzzer(watch kube)
house_fuzzer(words trial vmafx/api vmafx/scoring)
house_fuzzer(video vmafx/scoring)
house_fuzzer(source_uri vmafx/api)
target_sources(fuzz-source_uri PRIVATE ${CMAKE_SOURCE_DIR}/src/vmafx/node/source_uri.cc) # not all of the worker
house_fuzzer(feedback vmafx/api)
