// What every command is given: where results and messages go, and which router is asked.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <memory>
#include <ostream>
#include <string>

#include "common/client/client.h"
#include "services/cli/output.h"

namespace firstline::cli {

// Where a router is looked for unless --server or FIRSTLINE_SERVER says otherwise.
inline constexpr char kDefaultServer[] = "127.0.0.1:7600";

struct Context {
  // Results and nothing else.
  std::ostream& out;
  // Progress, warnings, errors.
  std::ostream& err;
  // Options of every command.
  std::string server = kDefaultServer;
  std::string workspace = {};
  double timeout_s = 10;
  Format format = Format::kTable;

  // Connects when it is first asked for.
  client::Client& client();
  // The workspace named; if none was, the only one there is. Otherwise throws Failure with the
  // choice.
  const std::string& Workspace();

  std::unique_ptr<client::Client> connection = nullptr;
};

// The whole file; "-" is standard input. Throws Failure.
std::string ReadFile(const std::string& path);

// The value named `text`, such as "away" of Presence; throws Failure with the known names and the
// nearest one. `what` says what it is of, such as "presence".
int ParseEnum(const google::protobuf::EnumDescriptor& type, const std::string& what,
              const std::string& text);

}  // namespace firstline::cli
