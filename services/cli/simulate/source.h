// Where the customers of one class come from: one after another, with all that is drawn for them.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "services/cli/simulate/law.h"
#include "services/cli/simulate/model.h"

namespace firstline::simulate {

class Source {
 public:
  // `of` must outlive it.
  Source(const CustomerClass& of, std::uint64_t seed, std::uint64_t replication,
         std::uint64_t class_index);
  // The next customer, all lengths set; arrival_s is kEndless when nobody comes any more.
  GivenCustomer Next();

 private:
  double NextArrival();
  double NextByHour();

  const CustomerClass& class_;
  Stream arrivals_, service_, patience_;
  double time_s_ = 0;
  std::size_t given_ = 0;
};

}  // namespace firstline::simulate
