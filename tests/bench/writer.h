#pragma once

/// Writers that know what must be true of what they wrote, whatever happens to the servers. Each
/// has keys of its own, so that nobody else's write explains what it finds.

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/bench/acknowledgements.h"
#include "tests/bench/retry_client.h"

namespace conclave::bench {

class Writer {
 public:
  Writer(std::vector<std::uint16_t> ports, std::uint64_t number, Acknowledgements& acknowledgements)
      : client_(std::move(ports), number), number_(number), acknowledgements_(acknowledgements) {}
  virtual ~Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Writes until told to stop; on a thread of its own.
  void run(const std::atomic<bool>& over);
  /// Compares what is stored with what was acknowledged, once the servers serve again. False when
  /// no server answered.
  virtual bool verify() = 0;

  /// Sentences about acknowledged writes that are gone, and about writes that happened twice or
  /// never should have.
  const std::vector<std::string>& lost() const { return lost_; }
  const std::vector<std::string>& repeated() const { return repeated_; }

 protected:
  /// One operation or two.
  virtual void step() = 0;
  /// A write; true when it was answered 200, which is noted at that very moment.
  Reply write(const std::string& target, const std::string& value);
  /// A linearizable read.
  Reply read(const std::string& target) { return client_.send("GET", target, {}); }
  void pause() const;

  std::uint64_t number() const { return number_; }
  std::vector<std::string> lost_;
  std::vector<std::string> repeated_;

 private:
  RetryClient client_;
  const std::uint64_t number_;
  Acknowledgements& acknowledgements_;
};

/// Each write a key of its own, written once and never tried again.
std::unique_ptr<Writer> make_unique_writer(std::vector<std::uint16_t> ports, std::uint64_t number,
                                           Acknowledgements& acknowledgements);
/// One key, overwritten with rising numbers and read back through whichever server: a read never
/// shows what an acknowledged write replaced.
std::unique_ptr<Writer> make_overwriter(std::vector<std::uint16_t> ports, std::uint64_t number,
                                        Acknowledgements& acknowledgements);
/// A counter, raised by check-and-set: its number is how often it was raised.
std::unique_ptr<Writer> make_counter(std::vector<std::uint16_t> ports, std::uint64_t number,
                                     Acknowledgements& acknowledgements);

}  // namespace conclave::bench
