#include "tests/bench/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "base/core/text.h"

namespace conclave::bench {

namespace {

using namespace std::chrono_literals;

/// Not at once again at a server that refuses: it shares the machine with those that elect.
constexpr auto pause_after_failure = 10ms;
constexpr std::size_t sentences_max = 20;

void note(std::vector<std::string>& sentences, std::string sentence) {
  if (sentences.size() < sentences_max) sentences.push_back(std::move(sentence));
}

class UniqueWriter final : public Writer {
 public:
  using Writer::Writer;

  bool verify() override {
    for (std::size_t first = 0; first < acknowledged_.size(); first += folder_keys) {
      if (!verify_folder(first)) return false;
    }
    return true;
  }

 protected:
  void step() override {
    const std::size_t i = acknowledged_.size();
    acknowledged_.push_back(false);
    const Reply reply = write(folder(i) + std::to_string(i), fmt::format("{}/{}", number(), i));
    acknowledged_[i] = reply.is(200);
  }

 private:
  /// Few enough for one list.
  static constexpr std::size_t folder_keys = 5000;

  std::string folder(std::size_t i) const {
    return fmt::format("/v1/kv/unique/{}/{}/", number(), i / folder_keys);
  }

  bool verify_folder(std::size_t first) {
    const std::size_t end = std::min(first + folder_keys, acknowledged_.size());
    std::set<std::size_t> found;
    const Reply reply = read(folder(first) + "?keys&consistent");
    if (!reply.is(200) && !reply.is(404)) return false;
    for (std::size_t at = reply.is(200) ? reply.body.find('"') : std::string::npos;
         at != std::string::npos;) {
      const std::size_t close = reply.body.find('"', at + 1);
      const std::string_view key(reply.body.data() + at + 1, close - at - 1);
      const auto i = parse_u64(key.substr(key.rfind('/') + 1));
      if (!i || *i < first || *i >= end) note(repeated_, fmt::format("{} was never written", key));
      found.insert(i.value_or(end));
      at = reply.body.find('"', close + 1);
    }
    for (std::size_t i = first; i < end; ++i) {
      if (acknowledged_[i] && !found.contains(i)) {
        note(lost_, fmt::format("{}{} is gone", folder(i), i));
      }
    }
    return true;
  }

  std::vector<bool> acknowledged_;
};

class Overwriter final : public Writer {
 public:
  using Writer::Writer;

  bool verify() override { return check(read(key() + "?raw&consistent")); }

 protected:
  void step() override {
    const std::uint64_t value = ++attempted_;
    const Reply written = write(key(), std::to_string(value));
    if (written.is(200)) {
      acknowledged_ = value;
    } else if (written.kind != Reply::Kind::refused) {
      // It may come to pass at any later time, even over what is written after it.
      unknown_.insert(value);
    }
    check(read(key() + "?raw"));
  }

 private:
  std::string key() const { return fmt::format("/v1/kv/overwritten/{}", number()); }

  bool check(const Reply& reply) {
    if (reply.is(404)) {
      if (acknowledged_ != 0) note(lost_, key() + " is gone");
      return true;
    }
    if (!reply.is(200)) return false;
    const auto value = parse_u64(reply.body);
    if (!value || (*value != acknowledged_ && !unknown_.contains(*value))) {
      const std::string sentence =
          fmt::format("{} is {} after {} was acknowledged", key(), reply.body, acknowledged_);
      note(value && *value < acknowledged_ ? lost_ : repeated_, sentence);
    }
    return true;
  }

  std::uint64_t attempted_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::set<std::uint64_t> unknown_;
};

class Counter final : public Writer {
 public:
  using Writer::Writer;

  bool verify() override { return look().has_value(); }

 protected:
  void step() override {
    const std::optional<Stored> stored = look();
    if (!stored) return pause();
    const std::string target = fmt::format("{}?cas={}", key(), stored->index);
    const Reply reply = write(target, std::to_string(stored->number + 1));
    if (reply.is(200) && reply.body.starts_with("true")) {
      acknowledged_ = stored->number + 1;
      outstanding_.clear();
    } else if (reply.is(200)) {
      // Only an earlier attempt of our own, with an unknown outcome, may have been there first.
      if (!outstanding_.contains(stored->index)) {
        note(repeated_,
             fmt::format("{} was raised from {} behind our back", key(), stored->number));
      }
    } else if (reply.kind != Reply::Kind::refused) {
      outstanding_.insert(stored->index);
    }
  }

 private:
  struct Stored {
    std::uint64_t number = 0;
    std::uint64_t index = 0;
  };

  std::string key() const { return fmt::format("/v1/kv/counted/{}", number()); }

  /// What is stored, checked; nothing when nobody answered.
  std::optional<Stored> look() {
    const Reply reply = read(key());
    Stored stored;
    if (reply.is(200)) {
      stored = {.number = decoded(reply.body), .index = reply.modify_index};
    } else if (!reply.is(404)) {
      return std::nullopt;
    }
    if (stored.number < acknowledged_) {
      note(lost_, fmt::format("{} is {} after {}", key(), stored.number, acknowledged_));
    }
    const std::uint64_t most = acknowledged_ + (outstanding_.empty() ? 0 : 1);
    if (stored.number > most) {
      note(repeated_, fmt::format("{} is {}, at most {} expected", key(), stored.number, most));
    }
    if (stored.number > acknowledged_) outstanding_.clear();
    acknowledged_ = stored.number;
    return stored;
  }

  static std::uint64_t decoded(const std::string& body) {
    const std::string_view label = "\"Value\":\"";
    const std::size_t begin = body.find(label) + label.size();
    const auto value =
        decode_base64(std::string_view(body).substr(begin, body.find('"', begin) - begin));
    return value ? parse_u64(*value).value_or(0) : 0;
  }

  std::uint64_t acknowledged_ = 0;
  std::set<std::uint64_t> outstanding_;  ///< Indexes of attempts whose outcome is not known.
};

}  // namespace

void Writer::run(const std::atomic<bool>& over) {
  while (!over) step();
}

Reply Writer::write(const std::string& target, const std::string& value) {
  Reply reply = client_.send("PUT", target, value);
  if (reply.is(200)) {
    acknowledgements_.add();
  } else if (reply.kind == Reply::Kind::refused) {
    acknowledgements_.add_refused();
    pause();
  } else {
    acknowledgements_.add_unknown();
    pause();
  }
  return reply;
}

void Writer::pause() const { std::this_thread::sleep_for(pause_after_failure); }

std::unique_ptr<Writer> make_unique_writer(std::vector<std::uint16_t> ports, std::uint64_t number,
                                           Acknowledgements& acknowledgements) {
  return std::make_unique<UniqueWriter>(std::move(ports), number, acknowledgements);
}

std::unique_ptr<Writer> make_overwriter(std::vector<std::uint16_t> ports, std::uint64_t number,
                                        Acknowledgements& acknowledgements) {
  return std::make_unique<Overwriter>(std::move(ports), number, acknowledgements);
}

std::unique_ptr<Writer> make_counter(std::vector<std::uint16_t> ports, std::uint64_t number,
                                     Acknowledgements& acknowledgements) {
  return std::make_unique<Counter>(std::move(ports), number, acknowledgements);
}

}  // namespace conclave::bench
