// What every command is given: where results and messages go, and which router is asked.
//
// Thread rule: one thread.
#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "common/client/client.h"
#include "services/cli/output.h"
#include "services/cli/settings.h"

namespace CLI {
class Option;
}

namespace firstline::cli {

// Where a router is looked for unless a flag, the environment or a context says otherwise.
inline constexpr char kDefaultServer[] = "127.0.0.1:7600";
// Objects asked for at a time: what a router gives at the most.
inline constexpr int kPageMax = 1000;

struct Context {
  // Results and nothing else.
  std::ostream& out;
  // Progress, warnings, errors.
  std::ostream& err;
  // What a person types.
  int in = STDIN_FILENO;
  // A person looks at it.
  bool out_is_terminal = false, err_is_terminal = false;
  // Results may be coloured: `out` is a terminal, and NO_COLOR is not set.
  bool coloured = false;
  // Options of every command.
  std::string server = kDefaultServer;
  std::string workspace = {};
  Security security = {};
  double timeout_s = 10;
  Format format = Format::kTable;
  // As client::Options::traceparent.
  std::string traceparent = {};
  // The words an option may have, asked for when somebody completes it in a shell.
  std::map<const CLI::Option*, std::function<std::vector<std::string>()>> choices = {};

  // How routers at these addresses are talked to. `attempts_max`: as client::RetryPolicy. Throws
  // Failure for what is no address.
  client::Options OptionsFor(std::vector<std::string> targets, int attempts_max = 0) const;
  // Connects when it is first asked for.
  client::Client& client();
  // The workspace named; if none was, the only one there is. Otherwise throws Failure with the
  // choice.
  const std::string& Workspace();

  std::unique_ptr<client::Client> connection = nullptr;
};

// Names for completion; none when the router does not answer.
std::vector<std::string> QueueNames(Context& context);
std::vector<std::string> AgentIds(Context& context);
std::vector<std::string> WorkspaceNames(Context& context);

// The whole file; "-" is standard input. Throws Failure.
std::string ReadFile(const std::string& path);

// "'x' is no presence; did you mean 'y'?", kUsage.
[[noreturn]] void ThrowUnknownWord(const std::string& what, const std::string& text,
                                   const std::vector<std::string>& known);

// The value named `text`, such as "away" of Presence; throws Failure with the known names and the
// nearest one. `what` says what it is of, such as "presence".
int ParseEnum(const google::protobuf::EnumDescriptor& type, const std::string& what,
              const std::string& text);

// The same for a list of texts, appended to a repeated enum field.
template <typename Enum, typename Field>
void ParseEnums(const std::string& what, const std::vector<std::string>& texts, Field* field) {
  for (const std::string& text : texts) {
    field->Add(ParseEnum(*google::protobuf::GetEnumDescriptor<Enum>(), what, text));
  }
}

}  // namespace firstline::cli
