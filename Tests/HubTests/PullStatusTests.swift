import Hub
import Testing

@Suite struct PullStatusTests {
    @Test func eventsAreCounted() {
        var status = PullStatus()
        #expect(status.share == 0 && status.rate == nil && status.secondsLeft == nil)
        status.add(.selected(files: 3, bytes: 1000, cached: 200))
        #expect((status.total, status.done, status.share) == (1000, 200, 0.2))
        status.add(.found(path: "a", bytes: 100))
        status.add(.received(bytes: 50))
        #expect((status.done, status.received) == (350, 50))
        status.add(.discarded(path: "a", bytes: 100, reason: "its digest differs"))
        status.add(.waiting(path: "b"))
        #expect((status.done, status.received) == (250, 50))
    }

    /// 100 bytes a second at first, then 10.
    @Test func ratesAreOfTheLastSeconds() throws {
        var status = PullStatus()
        status.add(.selected(files: 1, bytes: 2000, cached: 0))
        let start = ContinuousClock.now
        status.sample(at: start, pause: .zero)
        #expect(status.rate == nil)
        for second in 1...10 {
            status.add(.received(bytes: second <= 5 ? 100 : 10))
            status.sample(at: start + .seconds(second), pause: .zero)
            if second == 5 { #expect(status.rate == 100) }
        }
        #expect(status.lastSample == start + .seconds(10))
        #expect(status.rate == 10)
        #expect(status.secondsLeft == 145)
    }
}
