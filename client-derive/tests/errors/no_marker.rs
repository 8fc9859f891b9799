#[client_derive::endpoints("jobs")]
impl Jobs {
    #[get("/v1/jobs", Stale)]
    fn list(&self) -> Jobs {}
//~    ^ an endpoint returns a `Call`, or says what its answer is
}
