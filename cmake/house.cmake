# Folder = namespace = library. house_library(kube) makes the library house_kube of src/kube (with its sub-folders that
# have no line of their own in src/LAYERS), links what src/LAYERS allows it to include, and makes its tests:
#   *_test.cc      -> kube_test      label unit
#   *_api_test.cc  -> kube_api_test  label api: starts a real etcd and kube-apiserver
#   *_node_test.cc -> kube_node_test label node: starts a whole one-node cluster, needs root
# A folder that is still empty is left out. Code under a testing/ folder goes to its own library, for tests only.

file(STRINGS ${CMAKE_SOURCE_DIR}/src/LAYERS layer_lines REGEX "^[a-z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/LAYERS)
foreach(line IN LISTS layer_lines)
  string(REGEX MATCH "^([a-z/_]+):([^|]*)\\|(.*)$" _ "${line}")
  string(REPLACE "/" "_" id "${CMAKE_MATCH_1}")
  separate_arguments(ours UNIX_COMMAND "${CMAKE_MATCH_2}")
  separate_arguments(theirs UNIX_COMMAND "${CMAKE_MATCH_3}")
  set(layer_${id}_ours ${ours})
  set(layer_${id}_theirs ${theirs})
endforeach()

function(house_link target visibility folders)
  foreach(folder IN LISTS folders)
    string(REPLACE "/" "_" id "${folder}")
    if(TARGET house_${id})
      target_link_libraries(${target} ${visibility} house_${id})
    endif()
  endforeach()
endfunction()

function(house_compile target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(${target} PRIVATE ${HOUSE_WARNINGS})
  target_link_libraries(${target} PUBLIC Threads::Threads)
endfunction()

# All test libraries (testing/ folders) of the tree so far: a test may use any of them.
function(house_tests id kind pattern sources)
  if(NOT sources)
    return()
  endif()
  set(target ${id}_${kind}test)
  string(REPLACE "unit_" "" target "${target}")
  add_executable(${target} ${sources})
  house_compile(${target})
  # Compiled once, run once: what is tested is optimised, the tests are not.
  target_compile_options(${target} PRIVATE -O0)
  get_property(testing_libraries GLOBAL PROPERTY house_testing_libraries)
  list(REVERSE testing_libraries)  # they may use those of lower folders, which have to come behind them
  target_link_libraries(${target} PRIVATE house_${id} ${testing_libraries} GTest::gmock GTest::gtest_main)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  string(REPLACE "_" "" label "${kind}")
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS ${label} ENVIRONMENT
    "SEATRIAL_SOURCE_DIR=${CMAKE_SOURCE_DIR};SEATRIAL_PROGRAM_DIR=${CMAKE_BINARY_DIR}/bin")
  if(NOT label STREQUAL "unit")
    set_tests_properties(${target} PROPERTIES RUN_SERIAL ON TIMEOUT 600)
  endif()
endfunction()

function(house_library folder)
  string(REPLACE "/" "_" id "${folder}")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc)
  set(testing ${sources})
  list(FILTER testing INCLUDE REGEX "/testing/[^/]*\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/testing/")
  set(tests ${sources} ${testing})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER testing EXCLUDE REGEX "_test\\.cc$")
  get_property(generated GLOBAL PROPERTY house_${id}_generated)
  if(NOT sources AND NOT generated)
    return()
  endif()

  add_library(house_${id} STATIC ${sources})
  house_compile(house_${id})
  if(generated)
    target_link_libraries(house_${id} PUBLIC ${generated})
  endif()
  house_link(house_${id} PUBLIC "${layer_${id}_ours}")
  foreach(library IN LISTS layer_${id}_theirs)
    if(TARGET tp_${library})
      target_link_libraries(house_${id} PUBLIC tp_${library})
    endif()
  endforeach()

  if(testing)
    add_library(house_${id}_testing STATIC ${testing})
    house_compile(house_${id}_testing)
    get_property(earlier GLOBAL PROPERTY house_testing_libraries)
    target_link_libraries(house_${id}_testing PUBLIC house_${id} house_sys house_net ${earlier} GTest::gtest)
    set_property(GLOBAL APPEND PROPERTY house_testing_libraries house_${id}_testing)
  endif()

  set(unit ${tests})
  list(FILTER unit EXCLUDE REGEX "_(api|node)_test\\.cc$")
  house_tests(${id} unit_ "" "${unit}")
  foreach(kind IN ITEMS api node)
    set(kind_tests ${tests})
    list(FILTER kind_tests INCLUDE REGEX "_${kind}_test\\.cc$")
    house_tests(${id} ${kind}_ "" "${kind_tests}")
  endforeach()
endfunction()

# Generated protobuf and gRPC code of every .proto below `dir`, as a library without our warnings, for `folder`. Include
# paths are those below `dir`: "vmafx/v1/scoring.pb.h".
function(house_protobuf folder dir)
  string(REPLACE "/" "_" id "${folder}")
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${dir} ${dir}/*.proto)
  if(NOT protos)
    return()
  endif()
  set(out ${CMAKE_BINARY_DIR}/proto)
  file(MAKE_DIRECTORY ${out})
  list(TRANSFORM protos PREPEND ${dir}/ OUTPUT_VARIABLE all_protos)
  set(generated)
  foreach(proto IN LISTS protos)
    string(REGEX REPLACE "[.]proto$" "" stem "${proto}")
    set(files ${out}/${stem}.pb.h ${out}/${stem}.pb.cc ${out}/${stem}.grpc.pb.h ${out}/${stem}.grpc.pb.cc)
    # Every file depends on every .proto: they import each other, and there are few.
    add_custom_command(OUTPUT ${files}
      COMMAND protobuf::protoc --proto_path=${dir} --cpp_out=${out} --grpc_out=${out}
              --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${dir}/${proto}
      DEPENDS ${all_protos} VERBATIM COMMENT "Generating C++ from ${proto}")
    list(APPEND generated ${files})
  endforeach()
  add_library(house_${id}_proto STATIC ${generated})
  target_link_libraries(house_${id}_proto PUBLIC tp_grpc)
  target_include_directories(house_${id}_proto SYSTEM PUBLIC ${out})
  set_property(GLOBAL PROPERTY house_${id}_generated house_${id}_proto)
endfunction()

# Files that the program carries: house_embed(report report::html src/report/html Page=report.html ...) gives `folder` a
# source that defines std::string_view Page() and so on in that namespace. Declare them in a header beside the files.
function(house_embed folder namespace dir)
  string(REPLACE "/" "_" id "${folder}")
  set(files)
  set(inputs)
  foreach(entry IN LISTS ARGN)
    string(REPLACE "=" "=${dir}/" file "${entry}")
    list(APPEND files "${file}")
    string(REGEX REPLACE "^[^=]*=" "" input "${file}")
    list(APPEND inputs "${input}")
  endforeach()
  set(out ${CMAKE_BINARY_DIR}/embed/${id}.cc)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D OUT=${out} -D NAMESPACE=${namespace} -D "FILES=${files}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${inputs} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM COMMENT "Embedding ${dir}")
  add_library(house_${id}_embed STATIC ${out})
  set_property(GLOBAL PROPERTY house_${id}_generated house_${id}_embed)
endfunction()

# A program of src/app/NAME/*.cc, linked with the folders that its wiring names.
function(house_program name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/app/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  house_compile(${name})
  house_link(${name} PRIVATE "${ARGN}")
  target_link_libraries(${name} PRIVATE tp_cli11)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()
