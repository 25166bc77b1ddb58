# is_package TEXT: a package's name, or NAME=VERSION; also the release of a kernel is one.
# Says yes or no.

is_package() { # is_package TEXT: NAME or NAME=VERSION
    case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9.+:~_=-]* | *=*=* | *=) return 1 ;; esac
    [ ${#1} -le 255 ]
}
