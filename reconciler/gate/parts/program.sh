# run PROGRAM ARG...               a program of the operator's, as it is; with its own status
# It is neither one of our own functions nor a builtin of the shell, whatever it is called.
# Refuses nothing but what `permit` does.
#
# needs: permit

verb_run() { # run PROGRAM ARG...: one of the operator's own, whatever it is called
    [ $# -ge 1 ] || usage 'run PROGRAM ARG...'
    case $1 in '' | -*) usage "not a program: $1" ;; esac
    (exec "$@") # neither a function nor a builtin
}
