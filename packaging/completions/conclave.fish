# Completion of conclave for fish. Put it into /usr/share/fish/vendor_completions.d, once as
# conclave.fish. Commands and flags are read from the program's own help, so they are those of the
# version that is installed.

function __conclave_commands --argument-names program # every command, one a line
    $program -h 2>/dev/null | string replace -rf '^    ([a-z][a-z -]*[a-z])  .*' '$1'
end

function __conclave_complete # what may follow the words on the command line
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program $words[1]
    set -l commands (__conclave_commands $program)
    set -l path ''
    for part in $words[2..]
        string match -q -- '-*' $part; and break
        if contains -- "$path$part" $commands
            if string match -q -- '-*' $word
                $program (string split ' ' "$path$part") -h 2>/dev/null |
                    string replace -rf '^  (-[a-z0-9-]+=?).*' '$1'
            else
                __fish_complete_path $word
            end
            return
        end
        set path "$path$part "
    end
    for command in $commands
        string match -q -- "$path*" $command; or continue
        string split -f1 ' ' (string sub -s (math (string length -- $path) + 1) -- $command)
    end | sort -u
end

for program in conclave consul
    complete -c $program -f -a '(__conclave_complete)'
end
