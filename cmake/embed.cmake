# cmake -D OUT=FILE.cc -D NAMESPACE=a::b -D "FILES=Page=x.html;Style=x.css" -P embed.cmake: a source with a function for
# each file that returns its text.
set(text "// Written by cmake/embed.cmake.\n#include <string_view>\n\nnamespace ${NAMESPACE} {\n")
foreach(entry IN LISTS FILES)
  string(REGEX MATCH "^([A-Za-z]+)=(.*)$" _ "${entry}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" bytes HEX)
  string(LENGTH "${bytes}" size)
  math(EXPR size "${size} / 2")
  string(REGEX REPLACE "(................................................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND text "\nnamespace {\nconst unsigned char k${name}[] = {\n${bytes}0};\n}\n"
    "std::string_view ${name}() { return {reinterpret_cast<const char*>(k${name}), ${size}}; }\n")
endforeach()
string(APPEND text "\n}\n")
file(WRITE "${OUT}" "${text}")
