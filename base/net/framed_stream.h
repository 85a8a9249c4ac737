#pragma once

/// A connection between nodes that carries frames, in the clear or through TLS. Loop thread only.
///
/// What is sent is not queued here but fetched: whenever there is room, the owner's source fills
/// one buffer with frames, most urgent first, and that is one write. So what is urgent overtakes
/// everything that has not left yet, and what all parts of a program say in one turn leaves
/// together.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "base/net/frame.h"
#include "base/net/tls_keyring.h"
#include "base/net/tls_stream.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "base/run/sleep.h"

namespace conclave {

/// What a source may put into one write, in round figures: what is urgent waits for no more.
inline constexpr std::size_t write_bytes_goal = std::size_t{128} * 1024;

/// Bytes of frames, TLS not counted; cells of the loop that the stream lives on.
struct StreamMeter {
  Counter* received = nullptr;
  Counter* sent = nullptr;
};

/// Shared: keep a pointer while a member task runs. Whoever reads learns of the end; a failed write
/// ends the reading too.
class FramedStream : public std::enable_shared_from_this<FramedStream> {
  struct Private {};

 public:
  /// Appends frames to the buffer; nothing = nothing to send until wake().
  using Source = std::function<void(std::string& out)>;

  /// `lease` is let go when the stream is closed.
  static std::shared_ptr<FramedStream> create(Loop& loop, StreamSocket socket,
                                              std::shared_ptr<void> lease = nullptr);
  FramedStream(Private, Loop& loop, StreamSocket socket, std::shared_ptr<void> lease);
  ~FramedStream();

  /// See address.h and FrameBuffer. Of what is received and not taken yet, too.
  void set_silence_max(Nanos silence_max);
  void set_frame_limit(std::size_t frame_bytes_max) { buffer_.set_limit(frame_bytes_max); }
  void set_receive_seed(std::uint32_t seed) { buffer_.set_seed(seed); }
  void set_meter(StreamMeter meter) { meter_ = meter; }

  /// Closes with "i/o timeout" unless lifted before.
  void set_deadline(Nanos from_now);
  void lift_deadline();

  /// Protects everything that follows; errors in the terms of keyed_handshake_error().
  Task<Result<void>> start_tls(std::shared_ptr<TlsKeyring> keyring, bool server);
  /// What the peer begins with, left in place: nullopt when it closes first.
  Task<std::optional<char>> first_byte();

  /// The next frame if it is there, borrowed until receive(). An error is for good.
  Result<std::optional<std::string_view>> next() { return buffer_.next(); }
  std::optional<std::string_view> take_raw(std::size_t size) { return buffer_.take_raw(size); }
  /// Waits for more bytes; false at the end of what the peer has to say.
  Task<Result<bool>> receive();
  /// Both: one frame, for when they come one at a time. The end is an error here.
  Task<Result<std::string_view>> read_frame();

  /// Sends bytes at once; not together with a source.
  Task<Result<void>> write(std::string_view bytes);
  /// From now on bytes come from `source`, which is let go when the stream is closed.
  void set_source(Source source);
  /// There may be something to send. It leaves at the end of the turn, or with what comes after the
  /// write under way.
  void wake();
  /// To be called regularly: for how many calls in a row nothing was heard of the peer, it took
  /// nothing although something is being written, nothing went either way. Counted in calls, not in
  /// time, so that a process which stood still does not blame its peers for it.
  struct Standstill {
    unsigned unheard = 0;
    unsigned untaken = 0;
    unsigned idle = 0;
  };
  const Standstill& observe();
  /// As of the last call.
  const Standstill& standstill() const { return standstill_; }

  bool is_open() const { return open_; }
  /// Ends everything under way with this reason.
  void close(std::string_view reason = "closed");
  /// Answers with a last frame, gives the peer a second to read it, and closes.
  static Task<void> close_with(std::shared_ptr<FramedStream> stream, std::string last_bytes);

  /// "192.0.2.1:8300".
  const std::string& peer() const { return peer_; }

 private:
  static Task<void> pump(std::shared_ptr<FramedStream> self);
  Task<Result<std::size_t>> read_some(std::span<char> into);
  Task<Result<std::size_t>> write_some(std::string_view bytes);
  Error closed_error() const;

  Loop& loop_;
  StreamSocket socket_;
  std::shared_ptr<TlsKeyring> keyring_;
  std::unique_ptr<TlsStream> tls_;
  std::shared_ptr<void> lease_;
  Timer deadline_;
  const std::string peer_;
  FrameBuffer buffer_;
  StreamMeter meter_;
  Source source_;
  std::string out_;
  bool open_ = true;
  bool pumping_ = false;
  bool filling_ = false;
  bool writing_ = false;
  std::string why_closed_;
  Standstill standstill_;
  bool has_received_ = false;  ///< Since observe().
  bool has_sent_ = false;
};

}  // namespace conclave
