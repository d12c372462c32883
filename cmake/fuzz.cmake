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

# house_fuzz_files(source_uri vmafx/node/source_uri.cc) gives it some files of a folder whose whole would take long to
# compile.
function(house_fuzz_files name)
  foreach(file IN LISTS ARGN)
    target_sources(fuzz-${name} PRIVATE ${CMAKE_SOURCE_DIR}/src/${file})
  endforeach()
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
house_fuzz_files(source_uri vmafx/node/source_uri.cc)
house_fuzzer(feedback vmafx/api)
house_fuzzer(whole_file vmafx/scoring)
house_fuzzer(schema schema)
house_fuzzer(rules expect)
house_fuzzer(diagnosis trial)
house_fuzzer(image sys net value)
house_fuzz_files(image cluster/images/archive.cc cluster/images/image_list.cc cluster/images/tar.cc)
target_link_libraries(fuzz-image PRIVATE tp_archive)
house_fuzzer(custom_resource vmafx/api)
house_fuzz_files(custom_resource vmafx/operator/admission.cc vmafx/operator/dispatch.cc vmafx/operator/job_request.cc
  vmafx/operator/job_status.cc vmafx/operator/worker_pod.cc)
house_fuzzer(model vmafx/features value)
house_fuzz_files(model vmafx/trainer/onnx_model.cc vmafx/trainer/onnx_graph.cc vmafx/trainer/student.cc
  vmafx/trainer/prior.cc)
target_link_libraries(fuzz-model PRIVATE tp_eigen tp_onnx)
house_fuzzer(answers trial vmafx/api sqlite)
house_fuzz_files(answers cluster/native/faults.cc vmafx/controller/score_request.cc vmafx/controller/translate.cc
  vmafx/controller/job.cc vmafx/node/http_answer.cc vmafx/node/rclone_says.cc vmafx/operator/trainer_report.cc
  vmafx/trainer/registry_access.cc)
target_link_libraries(fuzz-answers PRIVATE tp_prometheus)
house_fuzzer(tar sys)
house_fuzz_files(tar cluster/images/tar.cc trial/remote_files.cc)
target_link_libraries(fuzz-tar PRIVATE tp_archive)
house_fuzzer(records sys net value)
house_fuzz_files(records cluster/description.cc cluster/provider.cc cluster/engine/runtime_wrapper.cc
  cluster/kind/image_table.cc cluster/kind/kind_cli.cc cluster/kind/record.cc cluster/native/state.cc)
house_fuzzer(remote_input net value)
house_fuzz_files(remote_input vmafx/api/source_uri.cc vmafx/node/file_uri.cc vmafx/node/http_answer.cc
  vmafx/node/rclone_answer.cc)
house_fuzzer(registry sys net value)
house_fuzz_files(registry vmafx/trainer/registry.cc vmafx/trainer/registry_access.cc)
house_fuzzer(identity kube)
house_fuzz_files(identity vmafx/controller/authenticator.cc vmafx/controller/identity.cc
  vmafx/controller/reviewed_token.cc vmafx/controller/token_review.cc)
house_fuzzer(trainer vmafx/features value)
house_fuzz_files(trainer vmafx/trainer/line_buffer.cc vmafx/trainer/predict_request.cc vmafx/trainer/prior.cc
  vmafx/trainer/student.cc)
target_link_libraries(fuzz-trainer PRIVATE tp_eigen)
