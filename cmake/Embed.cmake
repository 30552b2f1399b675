# minslice_embed(<output variable> FUNCTION minslice::room::Name FILES a b ...)
# makes a source file with `std::string_view Name(std::string_view file_name)`, which gives the text of the file of that name
# ("suite.schema.json") or an empty one; it is made anew when a file changes. The caller declares the function in a header.
set(MINSLICE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake)

function(minslice_embed output)
  cmake_parse_arguments(EMBED "" "FUNCTION" "FILES" ${ARGN})
  string(MAKE_C_IDENTIFIER ${EMBED_FUNCTION} name)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  add_custom_command(OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${source} -DFUNCTION=${EMBED_FUNCTION} "-DFILES=${EMBED_FILES}" -P ${MINSLICE_EMBED_SCRIPT}
    DEPENDS ${EMBED_FILES} ${MINSLICE_EMBED_SCRIPT} VERBATIM)
  set(${output} ${source} PARENT_SCOPE)
endfunction()
