// The three shells' halves of completion. They know no command: the tree is asked each time, by
// `firstline __complete`, so that a script that was installed once is never behind the program.
#include "services/cli/usage.h"

namespace firstline::cli {
namespace {

constexpr char kBash[] = R"(# Completion of firstline for bash.
#   source <(firstline completion bash)
_firstline() {
  local current="${COMP_WORDS[COMP_CWORD]}" line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ "$line" == ":files" ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _firstline firstline
)";

constexpr char kZsh[] = R"(#compdef firstline
# Completion of firstline for zsh.
#   firstline completion zsh > "${fpath[1]}/_firstline"   or   source <(firstline completion zsh)
_firstline() {
  local line files=0
  local -a found
  for line in "${(@f)$(${words[1]} __complete "${(@)words[2,$CURRENT]}" 2>/dev/null)}"; do
    if [[ "$line" == ":files" ]]; then
      files=1
    elif [[ "$line" == *$'\t'* ]]; then
      found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    elif [[ -n "$line" ]]; then
      found+=("${line//:/\\:}")
    fi
  done
  (( ${#found} )) && _describe firstline found
  (( files )) && _files
}
if [[ "$funcstack[1]" == "_firstline" ]]; then
  _firstline "$@"
else
  compdef _firstline firstline
fi
)";

constexpr char kFish[] = R"(# Completion of firstline for fish.
#   firstline completion fish > ~/.config/fish/completions/firstline.fish
function __firstline_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    for line in ($program __complete $words "$current" 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c firstline -f -a '(__firstline_complete)'
)";

}  // namespace

std::string CompletionScript(const std::string& shell) {
  return shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish;
}

void PrintSuggestions(std::ostream& out, const Suggestions& suggestions) {
  for (const Suggestion& suggestion : suggestions.words) {
    out << suggestion.word;
    if (!suggestion.description.empty()) out << '\t' << suggestion.description;
    out << '\n';
  }
  if (suggestions.files) out << ":files\n";
}

}  // namespace firstline::cli
