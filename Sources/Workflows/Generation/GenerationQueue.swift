public import Diffusion
public import Inference

/// Draws the requests of several callers one after the other, with one model in memory.
///
/// Jobs of higher priority run first; jobs of equal priority run in the order of submission. A failed or cancelled job does not
/// affect the others.
public actor GenerationQueue {
    private let session: GenerationSession
    private nonisolated let turns = TurnQueue()
    /// The model for requests that name none.
    public nonisolated let model: ModelDescription

    /// A queue that loads its models when the first job needs them.
    /// - Parameter model: the model for requests that name none; nil for the default model.
    public init(
        model: ModelDescription = ModelDescription(), compile: CompileOptions = CompileOptions(precision: .auto),
        memory: MemoryPolicy = .resident
    ) {
        self.model = model
        session = GenerationSession(compile: compile, memory: memory)
    }

    /// A queue for a model in a folder, a file or the hub's cache.
    public init(model path: String) { self.init(model: ModelDescription(model: path)) }

    /// The number of waiting jobs.
    public nonisolated var waitingCount: Int { turns.waitingCount }

    /// Adds a job that draws a request with the queue's model.
    /// - Parameter priority: jobs with a higher priority run first.
    public nonisolated func submit(_ request: GenerationRequest, priority: Int = 0) -> GenerationTask {
        submit(GenerationDescription(model: model, request: request), priority: priority)
    }

    /// Adds a job that draws a description; a model that differs from the last job's replaces it in memory.
    /// - Parameter priority: jobs with a higher priority run first.
    public nonisolated func submit(_ description: GenerationDescription, priority: Int = 0) -> GenerationTask {
        let ticket = turns.enter(priority: priority)
        let (events, continuation) = AsyncThrowingStream.makeStream(of: GenerationEvent.self)
        let task = Task {
            do {
                let result = try await self.run(description, ticket) { continuation.yield($0) }
                continuation.finish()
                return result
            } catch {
                continuation.finish(throwing: error)
                throw error
            }
        }
        continuation.onTermination = { if case .cancelled = $0 { task.cancel() } }
        return GenerationTask(events: events, task: task)
    }

    private func run(
        _ description: GenerationDescription, _ ticket: Int, report: @Sendable (GenerationEvent) -> Void
    ) async throws -> GenerationResult {
        defer { turns.leave(ticket) }
        try await turns.wait(ticket)
        try Task.checkCancellation()
        return try await session.generate(description, report: report)
    }
}

/// A request in a `GenerationQueue`.
public struct GenerationTask: Sendable {
    /// The events of the job, for one consumer. They begin with `.accepted` when the job starts, end after the last picture, and
    /// throw the error of a failed job.
    ///
    /// Cancelling the consuming task, or releasing the job before the events end, cancels the job. Events are buffered until they
    /// are consumed.
    public let events: AsyncThrowingStream<GenerationEvent, any Error>
    fileprivate let task: Task<GenerationResult, any Error>

    /// Waits for the end of the job.
    ///
    /// Cancelling the waiting task cancels the job.
    /// - Throws: as `GenerationSession.generate`; `CancellationError`.
    public var result: GenerationResult {
        get async throws {
            // Releasing the stream early would cancel the job.
            defer { withExtendedLifetime(events) {} }
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    /// Cancels the job: it leaves the queue, or stops after the current node of a network.
    public func cancel() { task.cancel() }
}
