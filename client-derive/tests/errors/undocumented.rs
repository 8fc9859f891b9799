#[client_derive::endpoints("jobs")]
impl Jobs {
    #[get("/v1/jobs")]
    #[query(
        meta: bool,
//~     ^ an option says above it what it does
    )]
    fn list(&self) -> Call<Vec<Job>, ListJobs> {}
}
