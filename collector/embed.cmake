# cmake -DIN=file -DOUT=file.cc -DNAME=kName -P embed.cmake: a text file as a string in our namespace.
file(READ ${IN} text)
file(WRITE ${OUT}.new "namespace chaperone::collector {\nextern const char ${NAME}[];\nconst char ${NAME}[] =\n")
string(LENGTH "${text}" length)
set(at 0)
while(at LESS length)  # a literal in pieces: compilers need not take long ones
  string(SUBSTRING "${text}" ${at} 8000 piece)
  file(APPEND ${OUT}.new "R\"embedded(${piece})embedded\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(APPEND ${OUT}.new ";\n}  // namespace chaperone::collector\n")
file(RENAME ${OUT}.new ${OUT})
