// What a load generator sends: pieces of work, each a chain of calls in which the next request
// depends on the answer to the last. How the calls travel, one by one or in batches on a stream, is
// the loads' business (unary_load.h, stream_load.h).
//
//   Request request;
//   work.Begin(slot, request);
//   ... send request.bytes to request.call ...
//   while (work.GoOn(slot, answer, request)) { ... }
//
// A slot works on one piece at a time. Requests and answers are bytes, so that the client costs the
// echo server's contenders and the router's the same. Answers are what is inside: the receipt of a
// mutation, the body of an echo. Both services answer with messages of one shape:
//
//   unary   {1: bytes}                    SubmitInquiryResponse and its like; Payload
//   stream  {1: [{1: id, 2: bytes}, ...]} CommandsResponse (3 instead of 2: an error); Batch
//
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "firstline/v1/agent_service.pb.h"
#include "firstline/v1/routing_service.pb.h"

namespace firstline::bench {

struct Call {
  std::string path;  // "/package.Service/Method"
  int field = 0;     // the request's number in a batch's element
};

struct Request {
  const Call* call = nullptr;
  std::string bytes;
};

class Work {
 public:
  virtual ~Work() = default;
  // The streaming call that carries batches of this work.
  virtual const std::string& stream_path() const = 0;
  // The first request of a new piece.
  virtual void Begin(int slot, Request& request) = 0;
  // Takes the answer to the slot's last request. True: `request` comes next; false: the piece is
  // done.
  virtual bool GoOn(int slot, std::string_view answer, Request& request) = 0;
};

// Sends as many bytes as a submit has, and gets them back.
class EchoWork final : public Work {
 public:
  EchoWork();
  const std::string& stream_path() const override;
  void Begin(int slot, Request& request) override;
  bool GoOn(int slot, std::string_view answer, Request& request) override;

 private:
  std::string say_;
};

// How far a piece of work goes with its inquiry.
enum class Extent {
  kSubmit,  // submit; it waits
  kAssign,  // submit, which assigns it on the agent's behalf; close
  kLife,    // submit, which offers it; accept, reply, close
};

class InquiryWork final : public Work {
 public:
  InquiryWork(Extent extent, int slots);
  const std::string& stream_path() const override;
  void Begin(int slot, Request& request) override;
  bool GoOn(int slot, std::string_view answer, Request& request) override;

  // Answered with a receipt so far.
  int64_t submitted() const { return submitted_; }
  int64_t closed() const { return closed_; }
  // Submits that no agent was free for, which ends their piece.
  int64_t unserved() const { return unserved_; }

 private:
  // The call that is under way, and what it is about.
  struct Place {
    const Call* call = nullptr;
    std::string inquiry_id, agent_id;
  };
  void Submit(Place& place, Request& request);
  bool AfterSubmit(Place& place, std::string_view answer, Request& request);
  void Reply(Place& place, Request& request);
  void Close(Place& place, Request& request);

  const Extent extent_;
  // By requirement: a submit's bytes, and where its id is in them.
  struct Template {
    std::string bytes;
    size_t id_at = 0;
  };
  std::vector<Template> templates_;
  std::vector<Place> places_;
  v1::Receipt receipt_;
  v1::AcceptOfferRequest accept_;
  v1::RecordMessageRequest reply_;
  v1::CloseInquiryRequest close_;
  int begun_ = 0;
  int64_t submitted_ = 0, closed_ = 0, unserved_ = 0;
};

}  // namespace firstline::bench
