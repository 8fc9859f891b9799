#[client_derive::endpoints("jobs")]
impl Jobs {
    #[get("/v1/jobs", Stale)]
    fn list(&self) -> Call<Vec<Job>, ListJobs> {}

    #[get("/v1/others", Stale)]
    fn others(&self) -> Call<Vec<Job>, ListJobs> {}
//~                                    ^ `list` says already what `ListJobs` can do
}
