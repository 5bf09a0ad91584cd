#include "services/router/api/routing_service.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/list.h"

namespace firstline::api {
namespace {

constexpr std::string_view kRoutingService = "firstline.v1.RoutingService";

// What ListInquiries asks for, resolved in the workspace.
struct InquiryFilter {
  std::set<engine::InquiryState> states;
  std::string queue;
  std::string agent_id;

  bool Takes(const engine::Engine& engine, const engine::Inquiry& inquiry) const {
    if (!states.empty() && states.count(inquiry.state) == 0) return false;
    if (!queue.empty() && engine.QueueId(inquiry.queue) != queue) return false;
    if (agent_id.empty()) return true;
    if (engine::IsEnded(inquiry.state)) return false;
    return AnyAgentOf(inquiry,
                      [&](engine::AgentIx agent) { return engine.AgentId(agent) == agent_id; });
  }
};

InquiryFilter ReadFilter(const v1::ListInquiriesRequest& request, Fields& fields) {
  InquiryFilter filter{{}, request.queue(), request.agent_id()};
  const Path root, states("states");
  fields.Workspace(root / "workspace", request.workspace());
  fields.Range(root / "page_size", request.page_size(), 0, limits::kPageSizeMax);
  fields.OptionalName(root / "queue", request.queue());
  fields.OptionalId(root / "agent_id", request.agent_id());
  if (fields.AtMost(states, static_cast<size_t>(request.states_size()), 6)) {
    for (int i = 0; i < request.states_size(); ++i) {
      filter.states.insert(
          ReadEnum(static_cast<v1::InquiryState>(request.states(i)), Path(states, i),
                           fields));
    }
  }
  return filter;
}

std::string TextOf(const v1::ListInquiriesRequest& request) {
  std::string text = absl::StrCat("inquiries ", request.workspace(), " ", request.queue(), " ",
                                  request.agent_id());
  for (int state : request.states()) absl::StrAppend(&text, " ", state);
  return text;
}

using GetInquiryCall = UnaryCall<v1::GetInquiryRequest, v1::GetInquiryResponse>;
using ListInquiriesCall = UnaryCall<v1::ListInquiriesRequest, v1::ListInquiriesResponse>;

void GetInquiry(Backend& backend, GetInquiryCall& call) {
  Fields fields;
  const Path root;
  fields.Workspace(root / "workspace", call.request().workspace());
  fields.Id(root / "inquiry_id", call.request().inquiry_id());
  const auto read = [&call, &request = call.request()](const engine::Engine& engine,
                                                       v1::GetInquiryResponse& out) {
    const engine::InquiryIx ix = engine.FindInquiry(request.inquiry_id());
    if (!ix.IsSet() || !Sees(*call.caller(), engine, engine.inquiry(ix))) {
      return ToStatus(engine::Rejection::kUnknownInquiry, request.inquiry_id(),
                      KindOf<engine::Cancel>());
    }
    WriteInquiry(engine, engine.inquiry(ix), out.mutable_inquiry());
    WriteProspect(engine, ix, out.mutable_inquiry());
    Redact(*call.caller(), *out.mutable_inquiry());
    return absl::OkStatus();
  };
  Read(backend, call, fields, read);
}

void ListInquiries(Backend& backend, ListInquiriesCall& call) {
  Fields fields;
  const v1::ListInquiriesRequest& request = call.request();
  InquiryFilter filter = ReadFilter(request, fields);
  PageScan scan{request.page_token(), TextOf(request), request.page_size()};
  const auto visit = [filter = std::move(filter), caller = call.caller()](
                         const engine::Engine& engine, PageCursor& page,
                         v1::ListInquiriesResponse& out) {
    engine.ForEachInquiry([&](engine::InquiryIx ix, const engine::Inquiry& inquiry) {
      if (!page.Reached(ix.value)) return true;
      if (page.Full(ix.value)) return false;
      if (!filter.Takes(engine, inquiry) || !Sees(*caller, engine, inquiry)) return true;
      v1::Inquiry& listed = *out.add_inquiries();
      WriteInquiry(engine, inquiry, &listed);
      Redact(*caller, listed);
      page.Took();
      return true;
    });
  };
  List(backend, call, fields, std::move(scan), visit);
}

}  // namespace

void ServeRouting(const std::shared_ptr<RpcLoop>& loop, RoutingService& service,
                  const Forwarding& forwarding) {
  Backend& backend = forwarding.backend;
  const UnaryServer<RoutingService> server(loop, service, kRoutingService, &forwarding);
  const auto mutate = [&backend](auto& call) { Mutate(backend, call); };
  server.Serve("SubmitInquiry", &RoutingService::RequestSubmitInquiry, Order::kCommand, mutate);
  server.Serve("UpdateInquiry", &RoutingService::RequestUpdateInquiry, Order::kCommand, mutate);
  server.Serve("CancelInquiry", &RoutingService::RequestCancelInquiry, Order::kCommand, mutate);
  server.Serve("TransferInquiry", &RoutingService::RequestTransferInquiry, Order::kCommand, mutate);
  server.Serve("RecordMessage", &RoutingService::RequestRecordMessage, Order::kCommand, mutate);
  server.Serve("ParkInquiry", &RoutingService::RequestParkInquiry, Order::kCommand, mutate);
  server.Serve("ResumeInquiry", &RoutingService::RequestResumeInquiry, Order::kCommand, mutate);
  server.Serve("CloseInquiry", &RoutingService::RequestCloseInquiry, Order::kCommand, mutate);
  server.Serve("ClaimInquiry", &RoutingService::RequestClaimInquiry, Order::kCommand, mutate);
  server.Serve("AssignInquiry", &RoutingService::RequestAssignInquiry, Order::kCommand, mutate);
  server.Serve("ReopenInquiry", &RoutingService::RequestReopenInquiry, Order::kCommand, mutate);
  server.Serve("RecordFeedback", &RoutingService::RequestRecordFeedback, Order::kCommand, mutate);
  server.Serve("GetInquiry", &RoutingService::RequestGetInquiry, Order::kAny,
               [&backend](GetInquiryCall& call) { GetInquiry(backend, call); });
  server.Serve("ListInquiries", &RoutingService::RequestListInquiries, Order::kAny,
               [&backend](ListInquiriesCall& call) { ListInquiries(backend, call); });
}

}  // namespace firstline::api
