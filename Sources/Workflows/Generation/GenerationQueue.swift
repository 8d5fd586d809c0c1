public import Diffusion
public import Inference

/// Draws the requests of several callers one after the other, with one model in memory.
///
/// Callers wait their turn: first the jobs of higher priority, and among these in the order in which they were submitted. A job
/// that fails or is cancelled leaves the others as they are.
public actor GenerationQueue {
    private let session: GenerationSession
    private nonisolated let turns = TurnQueue()
    /// The model of requests that come without one.
    public nonisolated let model: ModelDescription

    /// A queue that loads its models when the first job needs them.
    /// - Parameter model: for requests that come without one; nil for the standard model.
    public init(
        model: ModelDescription = ModelDescription(), compile: CompileOptions = CompileOptions(),
        memory: MemoryPolicy = .resident
    ) {
        self.model = model
        session = GenerationSession(compile: compile, memory: memory)
    }

    /// A queue for the model in a folder or file, or of a repository in the hub's cache.
    public init(model path: String) { self.init(model: ModelDescription(model: path)) }

    /// Jobs that wait for their turn.
    public nonisolated var waitingCount: Int { turns.waitingCount }

    /// Adds a job that draws a request with the queue's model.
    /// - Parameter priority: jobs with a higher one come first.
    public nonisolated func submit(_ request: GenerationRequest, priority: Int = 0) -> GenerationTask {
        submit(GenerationDescription(model: model, request: request), priority: priority)
    }

    /// Adds a job that draws a description; a model other than the last job's is loaded in its place.
    /// - Parameter priority: jobs with a higher one come first.
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
    /// The events of the job, for one consumer: they begin with `.accepted` when the job has its turn, end after the last picture,
    /// and throw the error that ends the job.
    ///
    /// Cancelling the task that consumes them, or releasing the job before they end, cancels the job. Events that are not consumed
    /// are kept.
    public let events: AsyncThrowingStream<GenerationEvent, any Error>
    fileprivate let task: Task<GenerationResult, any Error>

    /// Waits for the end of the job.
    ///
    /// Cancelling the task that waits cancels the job.
    /// - Throws: as `GenerationSession.generate`; `CancellationError`.
    public var result: GenerationResult {
        get async throws {
            // A stream that is released early cancels the job.
            defer { withExtendedLifetime(events) {} }
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    /// Cancels the job: it leaves the queue, or stops within one node of a network.
    public func cancel() { task.cancel() }
}
