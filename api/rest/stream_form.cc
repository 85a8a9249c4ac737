#include "api/rest/stream_form.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "api/codec/indent.h"
#include "api/rest/gzip.h"

namespace conclave::api {

namespace {

class Indent {
 public:
  std::string append(const std::string& piece) {
    std::string out;
    out.reserve(piece.size() * 2);
    indenter_.append(piece, out);
    return out;
  }
  std::string end() {
    std::string out;
    indenter_.end(out);
    return out;
  }

 private:
  JsonIndenter indenter_;
};

/// A body seen through a Form: append(piece) and end() give what is ready.
template <class Form>
class FormedBody final : public BodyStream {
 public:
  explicit FormedBody(std::unique_ptr<BodyStream> body)
      : body_(std::move(body)), left_(body_->length()) {}

  Task<std::string> next() override {
    std::string out;
    while (out.empty() && !ended_) {
      const std::string piece = co_await body_->next();
      if (!piece.empty()) {
        if (left_) *left_ -= std::min<std::uint64_t>(*left_, piece.size());
        out = form_.append(piece);
        continue;
      }
      ended_ = true;
      // A body that broke off gets no end: what is not closed is neither JSON nor gzip.
      if (left_.value_or(0) == 0) out = form_.end();
    }
    co_return out;
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  void client_gone() override { body_->client_gone(); }

 private:
  std::unique_ptr<BodyStream> body_;
  std::optional<std::uint64_t> left_;  ///< Bytes to come, if that is known.
  Form form_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<BodyStream> indent_stream(std::unique_ptr<BodyStream> body) {
  return std::make_unique<FormedBody<Indent>>(std::move(body));
}

std::unique_ptr<BodyStream> gzip_stream(std::unique_ptr<BodyStream> body) {
  return std::make_unique<FormedBody<GzipStream>>(std::move(body));
}

}  // namespace conclave::api
