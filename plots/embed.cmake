# cmake -DOUT=<scripts.c> -DSCRIPTS=<a.gp;b.gp> -P embed.cmake: the scripts as a C table, in bytes because a string literal may
# hold 4095 characters only.
set(arrays "")
set(rows "")
foreach(script IN LISTS SCRIPTS)
  get_filename_component(file ${script} NAME)
  string(MAKE_C_IDENTIFIER ${file} symbol)
  file(READ ${script} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const unsigned char ${symbol}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${file}\", ${symbol}},\n")
endforeach()
file(WRITE ${OUT}.new "#include \"plots/scripts.h\"\n\n${arrays}
const struct spt_plot_script SPT_PLOT_SCRIPTS[] = {\n${rows}    {0, 0},\n};\n")
file(RENAME ${OUT}.new ${OUT})
