// The workspace that most suites across processes begin with.
//
//   v1::ApplyWorkspaceRequest request = ChatWorkspace("shop");
//
// Threads: a pure function.
#pragma once

#include <initializer_list>
#include <string>

#include "firstline/v1/config_service.pb.h"

namespace firstline::test {

// To be applied whole: the messaging channel "chat" and these queues, nobody to serve them.
inline v1::ApplyWorkspaceRequest ChatWorkspace(const std::string& id,
                                               std::initializer_list<const char*> queues = {"q"}) {
  v1::ApplyWorkspaceRequest request;
  request.set_mode(v1::APPLY_MODE_WHOLE);
  request.mutable_workspace()->set_id(id);
  v1::Channel& chat = *request.mutable_workspace()->add_channels();
  chat.set_id("chat");
  chat.set_kind(v1::CHANNEL_KIND_MESSAGING);
  for (const char* queue : queues) request.mutable_workspace()->add_queues()->set_id(queue);
  return request;
}

}  // namespace firstline::test
