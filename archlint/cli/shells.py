"""Completion in bash, fish and zsh, in place of click's; imported only to complete a word.

Click's script for fish cuts values and descriptions at a comma, and none of the three completes `--option=VALUE`.
"""

from __future__ import annotations

from typing import ClassVar

from click.shell_completion import BashComplete, CompletionItem, FishComplete, ZshComplete, add_completion_class

_FISH = """\
function %(complete_func)s
    set -l option (string match --regex -- '^--[^=]*=' (commandline -ct))
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \
COMP_CWORD=(commandline -ct) %(prog_name)s)
    for completion in $response
        set -l parts (string split --max 1 "," -- $completion)
        switch $parts[1]
            case dir
                printf '%%s\\n' "$option"(__fish_complete_directories $parts[2])
            case file
                printf '%%s\\n' "$option"(__fish_complete_path $parts[2])
            case plain
                printf '%%s\\n' "$option$parts[2]"
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""

_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain described response
    local kind value help option
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) %(complete_var)s=zsh_complete \
%(prog_name)s)}")
    option="${(M)words[CURRENT]#--*=}"
    [[ -n "$option" ]] && compset -P '--*='
    for kind value help in ${response}; do
        if [[ "$kind" == "dir" ]]; then
            _path_files -/
        elif [[ "$kind" == "file" ]]; then
            _path_files -f
        elif [[ "$help" == "_" ]]; then
            plain+=("$option$value")
        else
            described+=("$option$value":"$help")
        fi
    done
    [[ -n "$described" ]] && _describe -V unsorted described -U
    [[ -n "$plain" ]] && compadd -U -V unsorted -a plain
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class Bash(BashComplete):
    """Completion for bash, which passes `--option=VALUE` and `format:FILE` as three words."""

    format = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one to complete, and that word."""
        words, incomplete = super().get_completion_args()
        if incomplete == ":":
            words, incomplete = [*words, ":"], ""
        if words[-1:] == [":"] and len(words) > 1:
            *words, name, _ = words
            self.format = f"{name}:"
            incomplete = f"{self.format}{incomplete}"
        return [word for word in words if word != "="], incomplete

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Return a line for the script, without the words that bash keeps."""
        return super().format_completion(CompletionItem(item.value.removeprefix(self.format), item.type))


class Fish(FishComplete):
    """Completion for fish, with the script above."""

    source_template: ClassVar[str] = _FISH


class Zsh(ZshComplete):
    """Completion for zsh, with the script above."""

    source_template: ClassVar[str] = _ZSH


def use_own_scripts() -> None:
    """Complete with these classes."""
    add_completion_class(Bash, "bash")
    add_completion_class(Fish, "fish")
    add_completion_class(Zsh, "zsh")
