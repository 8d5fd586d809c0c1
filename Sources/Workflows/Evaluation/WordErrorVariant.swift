public import Tokenizers

extension WordErrorEvaluation {
    /// A model, or a way of using it.
    public struct Variant {
        /// The name in tables.
        public let name: String
        /// Loads it, and gives what transcribes the recording at a path.
        public let load: () throws -> Loaded

        public init(name: String, load: @escaping () throws -> Loaded) {
            self.name = name
            self.load = load
        }
    }

    /// The words that were recognized in a recording.
    public struct Recognition: Sendable {
        public let text: String
        public let audioSeconds: Double
        /// The duration of reading and transcribing.
        public let seconds: Double

        public init(text: String, audioSeconds: Double, seconds: Double) {
            self.text = text
            self.audioSeconds = audioSeconds
            self.seconds = seconds
        }

        public init(_ transcript: Transcript) {
            self.init(text: transcript.text, audioSeconds: transcript.duration, seconds: transcript.took.seconds)
        }
    }

    /// A loaded variant.
    public struct Loaded {
        public let loading: Duration
        /// The language that it listens for; nil where it detects one.
        public let language: WhisperLanguage?
        public let transcribe: (_ path: String) async throws -> Recognition

        public init(
            loading: Duration, language: WhisperLanguage?, transcribe: @escaping (_ path: String) async throws -> Recognition
        ) {
            self.loading = loading
            self.language = language
            self.transcribe = transcribe
        }
    }
}
