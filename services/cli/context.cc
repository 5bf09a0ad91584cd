#include "services/cli/context.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/client/token.h"
#include "common/config/spelling.h"
#include "common/tls/credentials.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

// The names in what `call` answers, sorted; none if it fails.
template <typename Response, typename Call, typename Take>
std::vector<std::string> NamesFrom(Call call, Take take) {
  std::vector<std::string> names;
  try {
    const client::Result<Response> result = call();
    if (result.ok()) take(*result, names);
  } catch (const Failure&) {  // Which workspace is not known: nothing to suggest.
  }
  std::sort(names.begin(), names.end());
  return names;
}

// gRPC would take a forgotten port for port 0, and look "http" up as a host's name.
void CheckAddress(const std::string& address) {
  for (const char* scheme : {"unix:", "dns:", "ipv4:", "ipv6:"}) {
    if (address.starts_with(scheme)) return;
  }
  const std::size_t colon = address.rfind(':');
  int port = 0;
  if (colon != std::string::npos && colon > 0 && address.find('/') == std::string::npos &&
      absl::SimpleAtoi(address.substr(colon + 1), &port) && port >= 1 && port <= 65535) {
    return;
  }
  throw Failure(ExitCode::kUsage, absl::StrCat("'", address, "' is no address of a router"),
                "HOST:PORT, such as 127.0.0.1:7600; several separated by commas");
}

// Files that are wrong are said before a router is asked.
void Secure(const Security& security, client::Options& options) {
  if (security.tls_ca.empty()) {
    if (security.empty()) return;
    throw Failure(ExitCode::kUsage, "TLS and tokens need --tls-ca: no token is sent in plaintext");
  }
  auto credentials = tls::ChannelCredentials({.certificate = security.tls_cert,
                                              .key = security.tls_key,
                                              .ca = security.tls_ca});
  if (!credentials.ok()) {
    throw Failure(ExitCode::kInvalid, std::string(credentials.status().message()));
  }
  options.credentials = *std::move(credentials);
  options.server_name = security.tls_server_name;
  if (security.token_file.empty()) return;
  const client::TokenSource token = client::TokenFile(security.token_file);
  if (const auto first = token(); !first.ok()) {
    throw Failure(ExitCode::kInvalid, std::string(first.status().message()));
  }
  options.credentials = client::WithToken(options.credentials, token);
}

}  // namespace

client::Options Context::OptionsFor(std::vector<std::string> targets, int attempts_max) const {
  const auto deadline = std::chrono::milliseconds(static_cast<std::int64_t>(timeout_s * 1000));
  client::Options options;
  options.targets = std::move(targets);
  if (options.targets.empty()) throw Failure(ExitCode::kUsage, "--server names no address");
  for (const std::string& target : options.targets) CheckAddress(target);
  Secure(security, options);
  options.deadline = deadline;
  options.attempt_deadline = std::min(options.attempt_deadline, deadline);
  options.retry.wait_max = std::chrono::seconds(1);  // Somebody is looking.
  options.retry.attempts_max = attempts_max;
  options.traceparent = traceparent;
  return options;
}

client::Client& Context::client() {
  if (connection != nullptr) return *connection;
  connection =
      std::make_unique<client::Client>(OptionsFor(absl::StrSplit(server, ',', absl::SkipEmpty())));
  return *connection;
}

const std::string& Context::Workspace() {
  if (!workspace.empty()) return workspace;
  const v1::ListWorkspacesResponse list = Unwrap(client().ListWorkspaces({}));
  if (list.workspaces_size() == 1) {
    workspace = list.workspaces(0);
    return workspace;
  }
  if (list.workspaces().empty()) {
    throw Failure(ExitCode::kNotFound, "there is no workspace yet",
                  "`firstline config apply FILE` creates one");
  }
  throw Failure(ExitCode::kUsage,
                absl::StrCat("which workspace? There are ", absl::StrJoin(list.workspaces(), ", ")),
                "-w NAME or FIRSTLINE_WORKSPACE=NAME");
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure(ExitCode::kNotFound, absl::StrCat("cannot read ", path));
  text << file.rdbuf();
  return text.str();
}

void ThrowUnknownWord(const std::string& what, const std::string& text,
                      const std::vector<std::string>& known) {
  const std::string nearest = config::NearestWord(text, known);
  throw Failure(ExitCode::kUsage, absl::StrCat("'", text, "' is no ", what),
                nearest.empty() ? absl::StrCat("one of ", absl::StrJoin(known, ", "))
                                : absl::StrCat("did you mean '", nearest, "'?"));
}

int ParseEnum(const google::protobuf::EnumDescriptor& type, const std::string& what,
              const std::string& text) {
  const int value = FindValue(type, text);
  if (value <= 0) ThrowUnknownWord(what, text, ShortNames(type));
  return value;
}

std::vector<std::string> QueueNames(Context& context) {
  return NamesFrom<v1::GetWorkspaceResponse>(
      [&] {
        v1::GetWorkspaceRequest request;
        request.set_workspace(context.Workspace());
        return context.client().GetWorkspace(request);
      },
      [](const v1::GetWorkspaceResponse& response, std::vector<std::string>& names) {
        for (const v1::Queue& queue : response.workspace().queues()) names.push_back(queue.id());
      });
}

std::vector<std::string> AgentIds(Context& context) {
  return NamesFrom<v1::ListAgentsResponse>(
      [&] {
        v1::ListAgentsRequest request;
        request.set_workspace(context.Workspace());
        request.set_page_size(kPageMax);
        return context.client().ListAgents(request);
      },
      [](const v1::ListAgentsResponse& response, std::vector<std::string>& names) {
        for (const v1::AgentStatus& agent : response.agents()) names.push_back(agent.agent().id());
      });
}

std::vector<std::string> WorkspaceNames(Context& context) {
  return NamesFrom<v1::ListWorkspacesResponse>(
      [&] { return context.client().ListWorkspaces({}); },
      [](const v1::ListWorkspacesResponse& response, std::vector<std::string>& names) {
        names.assign(response.workspaces().begin(), response.workspaces().end());
      });
}

}  // namespace firstline::cli
